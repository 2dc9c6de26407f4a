//! The listing, as text and as JSON.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

use crate::model::socket::Entry;
use crate::page::{SocketJson, SocketTable};

/// How to write the sockets.
#[derive(Clone, Debug)]
pub(super) enum Page {
    /// For people.
    Text(SocketTable),
    /// One JSON object per line.
    Json,
}

impl Page {
    fn header(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(table) => table.header(out),
            Self::Json => {}
        }
    }

    fn socket(&mut self, out: &mut Vec<u8>, socket: Entry<'_>) {
        match self {
            Self::Text(table) => table.socket(out, socket),
            Self::Json => SocketJson::from(socket).write(out),
        }
    }
}

/// How many sockets are formatted at a time: some hundred kilobytes of text.
const BATCH: usize = 1024;

/// Writes them. Another thread formats every second batch.
pub(super) fn write(page: &Page, shown: &[Entry<'_>]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut text = Vec::new();
    page.header(&mut text);
    stdout.write_all(&text)?;
    thread::scope(|scope| {
        let (send, receive) = mpsc::sync_channel(1);
        scope.spawn(move || {
            for batch in shown.chunks(BATCH).skip(1).step_by(2) {
                // Writing has failed.
                if send.send(format(page, batch)).is_err() {
                    return;
                }
            }
        });
        for batch in shown.chunks(BATCH).step_by(2) {
            stdout.write_all(&format(page, batch))?;
            if let Ok(next) = receive.recv() {
                stdout.write_all(&next)?;
            }
        }
        stdout.flush()
    })
}

fn format(page: &Page, batch: &[Entry<'_>]) -> Vec<u8> {
    let mut page = page.clone();
    let mut text = Vec::with_capacity(256 * batch.len());
    for socket in batch {
        page.socket(&mut text, *socket);
    }
    text
}
