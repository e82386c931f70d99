//! `examples/quickstart.sh`, played as README.md tells a new user: in a folder with nothing but the program in it.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::onaccount;
use super::serving::Serving;

/// The block of README.md that makes a director, signs in and plays the story.
fn readme_block() -> String {
    let readme = include_str!("../../../README.md");
    let block = readme
        .split("```sh\n")
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.contains("examples/quickstart.sh"));
    block.expect("README.md tells how to play the story").to_owned()
}

fn assert_story(folder: &Path, commands: &str) {
    let played = Command::new("bash")
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(folder)
        .output()
        .expect("bash");
    let told = String::from_utf8_lossy(&played.stdout);
    let complained = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "it needs curl:\n{told}\n{complained}");
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
    let commands = readme_block().replace("http://127.0.0.1:8080", &url);
    assert!(commands.contains(&url), "{commands}");
    assert_story(folder.path(), &commands);
    // it says that it makes new customers and accounts each time
    assert_story(
        folder.path(),
        &format!("{}\nexamples/quickstart.sh", without_first_command(&commands)),
    );

    serving.terminate();
    assert!(serving.ended().success());
    let verified = onaccount().arg("verify").current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(
        verified.status.success() && said.contains("the books are sound"),
        "{said}"
    );
}

/// The director is there by now: all from the address on.
fn without_first_command(commands: &str) -> String {
    let rest = commands
        .split_once("export ONACCOUNT_URL")
        .expect("the address is exported")
        .1;
    format!("export ONACCOUNT_URL{rest}")
}
