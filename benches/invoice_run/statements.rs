//! Where the time goes: what each statement of the service took, seen from the service.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

static SPENT: Mutex<Option<HashMap<String, Spent>>> = Mutex::new(None);

#[derive(Default, Clone, Copy)]
struct Spent {
    calls: u32,
    time: Duration,
}

/// Notes from now on what every statement takes. It costs a little itself.
pub fn watch() {
    set_default_instrumentation(|| Some(Box::<Watch>::default() as Box<dyn Instrumentation>)).unwrap();
}

/// Forgets what was noted.
pub fn forget() {
    SPENT.lock().unwrap().take();
}

/// Prints what took longest since the last [`forget`].
pub fn print() {
    let Some(spent) = SPENT.lock().unwrap().take() else {
        return;
    };
    let mut spent: Vec<(String, Spent)> = spent.into_iter().collect();
    spent.sort_by_key(|(_, spent)| std::cmp::Reverse(spent.time));
    for (text, Spent { calls, time }) in spent.iter().take(25) {
        println!("    {:8.1} ms {calls:6} x  {text}", time.as_secs_f64() * 1000.0);
    }
}

/// Of one connection: what it is busy with.
#[derive(Default)]
struct Watch {
    running: Option<(String, Instant)>,
}

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                let mut text = Start(String::new());
                let _ = write!(text, "{query}");
                self.running = Some((text.0, Instant::now()));
            }
            InstrumentationEvent::FinishQuery { .. } => {
                if let Some((text, started)) = self.running.take() {
                    let mut all = SPENT.lock().unwrap();
                    let spent = all.get_or_insert_default().entry(text).or_default();
                    spent.calls += 1;
                    spent.time += started.elapsed();
                }
            }
            _ => {}
        }
    }
}

/// The first words of a statement, without values.
struct Start(String);

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for word in text.split_whitespace() {
            if self.0.len() > 130 || word == "--" {
                return Err(fmt::Error);
            }
            self.0.push_str(word);
            self.0.push(' ');
        }
        Ok(())
    }
}
