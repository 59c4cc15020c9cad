//! A version that does not start is taken back, though a build has put it where the old one was.

#![allow(clippy::unwrap_used, reason = "unwrapping is how a test fails")]

use std::{fs, os::unix::fs::symlink, path::Path};

use xtask::{Process, Profile, Stack, StackOptions, Tools, workspace};

const APP: &str = "audit-service";

/// Puts a program where builds leave the app's.
fn build(built: &Path, program: &Path) {
    let _ = fs::remove_file(built.join(APP));
    symlink(program, built.join(APP)).unwrap();
}

#[tokio::test]
async fn a_bad_build_is_taken_back_and_a_good_one_takes_its_place() {
    let options = StackOptions::for_test("roll").unwrap();
    let built = options.directory.path().join("built");
    fs::create_dir(&built).unwrap();
    for program in workspace::service_programs() {
        symlink(workspace::binary(Profile::Dev, program), built.join(program)).unwrap();
    }
    let options = StackOptions { binaries: Some(built.clone()), ..options };
    let mut stack = Stack::start_prepared(options, Tools::obtain().await.unwrap()).await.unwrap();

    build(&built, Path::new("/bin/false"));
    let error = stack.roll(APP, None).await.unwrap_err();
    assert!(format!("{error:#}").contains("the old one goes on"), "{error:#}");
    stack.until_ready().await.unwrap();

    // What a crash starts again is the old one, too.
    stack.kill(APP, 0, Process::App).await.unwrap();
    stack.until_ready().await.unwrap();

    build(&built, &workspace::binary(Profile::Dev, APP));
    let before = stack.part(APP, 0, Process::App).unwrap().process();
    stack.migrate_again().await.unwrap();
    stack.roll(APP, None).await.unwrap();
    stack.until_ready().await.unwrap();
    assert_ne!(stack.part(APP, 0, Process::App).unwrap().process(), before);
    stack.stop().await.unwrap();
}
