//! Starting the child.

use std::{io, process::Stdio, thread};
use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

/// A started child. The kernel ends it with the *thread* that started it (`PR_SET_PDEATHSIG`), and the runtime's threads come and
/// go: each child has a thread of its own that waits as long as this lives.
#[derive(Debug)]
pub(super) struct Nursed {
    pub child: Child,
    _thread: oneshot::Sender<()>,
}

pub(super) async fn start(mut command: Command) -> io::Result<Nursed> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // The terminal's Ctrl-C is for the server.
        .process_group(0)
        .kill_on_drop(true);
    let (sender, child) = oneshot::channel();
    let (thread, over) = oneshot::channel::<()>();
    let runtime = Handle::current();
    thread::Builder::new().name("solve".to_owned()).spawn(move || {
        let started = {
            let _inside = runtime.enter();
            command.spawn()
        };
        if sender.send(started).is_ok() {
            // Resolves when the other end is dropped.
            let _ = over.blocking_recv();
        }
    })?;
    let child = child.await.map_err(io::Error::other)??;
    Ok(Nursed { child, _thread: thread })
}
