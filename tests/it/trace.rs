//! The order of system calls: an acknowledgement leaves only after the sync of its commit.

use crate::root;
use crate::service::Service;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use touchbook_testkit::eventually;

const EVENTS: u64 = 30;

/// What the trace has of one system call that matters here.
#[derive(Debug, PartialEq)]
enum Call {
    /// sled's log was written.
    LogWrite,
    /// A sync of the ledger's log returned.
    Sync,
    /// An HTTP answer to a write left.
    Answer,
}

/// Design law 2: nothing is acknowledged before the fdatasync of its commit.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledgement_comes_after_the_sync_of_its_commit() {
    let trace = touchbook_testkit::data_dir();
    let path = trace.path().join("trace");
    let mut service = Service::start_under(
        strace()
            // `-D`: the service is the process that was started, and the signal is for it.
            .args(["-D", "-f", "-y", "-q", "-s", "200", "-o"])
            .arg(&path)
            .args(["-e", "trace=fdatasync,pwrite64,write,writev,sendto,sendmsg"]),
    );
    for id in 0..EVENTS {
        let event = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"trace","type":"sms.sent","data":{{"customer":{{"external_id":"t:1"}},"body":"marker"}}}}"#
        );
        let answer = service.post_lines(event).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(service.terminate(), Some(0));

    let read = || std::fs::read_to_string(&path).unwrap();
    let ended = || std::future::ready(read().contains("+++ exited with 0 +++"));
    eventually("the trace is written to its end", ended).await;
    let text = read();
    let mut unfinished = BTreeSet::new();
    let calls: Vec<Call> = text
        .lines()
        .filter_map(|line| call(line, &mut unfinished))
        .collect();
    let mut synced = false;
    let (mut syncs, mut answers) = (0, 0);
    for call in &calls {
        match call {
            Call::LogWrite => synced = false,
            Call::Sync => {
                syncs += u64::from(!synced);
                synced = true;
            }
            Call::Answer => {
                assert!(
                    synced,
                    "an answer left while its commit was not synced:\n{text}"
                );
                answers += 1;
            }
        }
    }
    assert!(
        syncs >= EVENTS,
        "{syncs} syncs of something written:\n{text}"
    );
    assert_eq!(answers, EVENTS, "not every answer was seen:\n{text}");
}

/// `unfinished`: the threads whose sync of the log has not returned.
fn call<'a>(line: &'a str, unfinished: &mut BTreeSet<&'a str>) -> Option<Call> {
    let thread = line.split_whitespace().next()?;
    let of_log = line.contains("/ledger/0001/db>");
    if line.contains("pwrite64(") && of_log {
        return Some(Call::LogWrite);
    }
    if line.contains("fdatasync(") && of_log {
        if line.contains("<unfinished") {
            unfinished.insert(thread);
            return None;
        }
        return Some(Call::Sync);
    }
    if line.contains("fdatasync resumed") {
        return unfinished.remove(thread).then_some(Call::Sync);
    }
    let sends = ["write(", "writev(", "sendto(", "sendmsg("];
    let answers = line.contains("HTTP/1.1 200") && sends.iter().any(|send| line.contains(send));
    answers.then_some(Call::Answer)
}

/// The system's strace, or the one that `cargo xtask test` unpacked.
fn strace() -> Command {
    let unpacked: PathBuf = root().join(".cache/strace/bin");
    if unpacked.join("strace").try_exists().unwrap() {
        let mut command = Command::new(unpacked.join("strace"));
        command.env("LD_LIBRARY_PATH", unpacked);
        return command;
    }
    Command::new("strace")
}
