//! `onaccount demo --exit`: the whole story, exactly as told.

use super::onaccount;

#[test]
fn the_story_ends_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let demo = onaccount()
        .args(["demo", "--exit", "--dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&demo.stdout);
    assert!(
        demo.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&demo.stderr)
    );
    assert!(told.contains("0 not as expected"), "{told}");
    assert!(
        std::fs::read_to_string(folder.path().join("statement.csv"))
            .unwrap()
            .contains("Cheese roll")
    );
    let workbook = std::fs::read(folder.path().join("statement.xlsx")).unwrap();
    assert!(workbook.starts_with(b"PK"));

    let again = onaccount()
        .args(["demo", "--exit", "--dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("name another folder"));
}
