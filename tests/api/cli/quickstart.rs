//! `examples/quickstart.sh`, played as README.md tells a new user: in a folder with nothing but the program in it.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::onaccount;
use super::serving::Serving;

/// The block of README.md in which this stands.
fn readme_block(has: &str) -> &'static str {
    let readme = include_str!("../../../README.md");
    let block = readme
        .split("```sh\n")
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.contains(has));
    block.unwrap_or_else(|| panic!("README.md has no block with {has}"))
}

/// How README.md makes the first user, with the answers to what it would ask at a terminal.
fn first_user() -> String {
    let commands = readme_block("cargo build --release").lines();
    let create = commands
        .filter(|line| line.starts_with("target/release/onaccount user create "))
        .collect::<Vec<_>>()
        .join("\n");
    format!(
        "echo 'a password of your own' | {create} --password-stdin --tenant-number 719 --tenant-name 'Sportclub Noord'\n"
    )
}

fn play(folder: &Path, commands: &str) -> String {
    let played = Command::new("bash")
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(folder)
        .output()
        .expect("bash");
    let told = String::from_utf8_lossy(&played.stdout);
    let complained = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "it needs curl:\n{told}\n{complained}");
    told.into_owned()
}

fn assert_story(folder: &Path, commands: &str) {
    let told = play(folder, commands);
    assert!(told.ends_with("Done: everything was as expected.\n"), "{told}");
}

#[test]
fn a_new_user_plays_the_story_of_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join("target/release");
    std::fs::create_dir_all(&release).unwrap();
    symlink(env!("CARGO_BIN_EXE_onaccount"), release.join("onaccount")).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    symlink(examples, folder.path().join("examples")).unwrap();
    let mut serving = Serving::run(onaccount().arg("serve").current_dir(folder.path()));

    let url = format!("http://{}", serving.address);
    let commands = readme_block("examples/quickstart.sh").replace("http://127.0.0.1:8080", &url);
    assert!(commands.contains(&url), "{commands}");
    play(folder.path(), &first_user());
    assert_story(folder.path(), &commands);
    // it says that it makes new customers and accounts each time
    assert_story(folder.path(), &format!("{commands}\nexamples/quickstart.sh"));

    play(folder.path(), readme_block("--password-stdin"));
    let scripts = commands.replace("you@example.org", "director@example.org");
    assert_ne!(scripts, commands);
    assert_story(folder.path(), &scripts);

    serving.terminate();
    assert!(serving.ended().success());
    let verified = onaccount().arg("verify").current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(
        verified.status.success() && said.contains("the books are sound"),
        "{said}"
    );
}
