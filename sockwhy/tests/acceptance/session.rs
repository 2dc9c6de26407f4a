//! What the tests of one backend share: a tracer without filters that runs during all of them.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::backend::Backend;
use crate::event::Event;
use crate::flow::{Flow, assert_same};
use crate::outcome::{Outcome, Stop};
use crate::trace::Trace;
use crate::tracer::{Finished, Tracer};

/// A backend under test.
pub(crate) struct Session {
    pub(crate) backend: Backend,
    tracer: Mutex<Option<Tracer>>,
    /// Whether a running tracer did not report the test's own connection. Another one would not either.
    is_silent: AtomicBool,
}

impl Session {
    pub(crate) fn new(backend: Backend) -> Self {
        Self { backend, tracer: Mutex::new(None), is_silent: AtomicBool::new(false) }
    }

    /// Another `sockwhy trace`.
    pub(crate) fn trace(&self) -> Trace {
        Trace::new(self.backend)
    }

    /// Watches events from here on, by the shared tracer.
    pub(crate) fn watch(&self) -> Outcome<Watch<'_>> {
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(Stop::failed("in an earlier test, sockwhy did not report a connection that was made"));
        }
        let mut tracer = self.tracer.lock().unwrap_or_else(PoisonError::into_inner);
        if tracer.is_none() {
            *tracer = Some(self.trace().start()?);
        }
        if let Some(tracer) = &*tracer {
            tracer.forget();
        }
        Ok(Watch { backend: self.backend, tracer, is_silent: &self.is_silent })
    }

    /// Ends the shared tracer.
    pub(crate) fn stop(&self) -> Outcome<Finished> {
        // Starts one if this is the only test, and makes it see something.
        self.watch()?.events(&[])?;
        let tracer = self.tracer.lock().unwrap_or_else(PoisonError::into_inner).take();
        tracer.expect("it has just been started").stop()
    }
}

/// What happens while a test holds it.
pub(crate) struct Watch<'session> {
    backend: Backend,
    tracer: MutexGuard<'session, Option<Tracer>>,
    is_silent: &'session AtomicBool,
}

impl Watch<'_> {
    fn tracer(&self) -> Outcome<&Tracer> {
        self.tracer.as_ref().ok_or_else(|| Stop::failed("there is no tracer"))
    }

    /// What the tracer said when it began.
    pub(crate) fn first_line(&self) -> Outcome<String> {
        Ok(self.tracer()?.first_line())
    }

    /// Everything that these processes have done so far.
    pub(crate) fn events(&mut self, pids: &[u32]) -> Outcome<Vec<Event>> {
        let numbers: Vec<_> = pids.iter().copied().map(u64::from).collect();
        Ok(self.events_with(&numbers)?.into_iter().filter(|event| event.is_of(pids)).collect())
    }

    /// Every event so far that has one of these numbers. None is missing of what happened before this call: events
    /// leave the kernel in the order in which they happen.
    pub(crate) fn events_with(&mut self, numbers: &[u64]) -> Outcome<Vec<Event>> {
        let result = self.tracer().and_then(catch_up);
        if result.is_err() {
            // If it has ended, the next test starts another one.
            let is_silent = self.tracer.take().is_some_and(|mut tracer| tracer.is_running());
            self.is_silent.store(is_silent, Ordering::Relaxed);
        }
        result?;
        self.tracer()?.events_with(numbers)
    }

    /// Asserts that the processes of these flows have made exactly these.
    pub(crate) fn assert_saw(&mut self, flows: &[Flow]) -> Outcome {
        let pids: Vec<_> = flows.iter().filter_map(|flow| flow.pid).collect();
        self.assert_saw_of(&pids, flows)
    }

    /// Asserts that these processes have made exactly these flows.
    pub(crate) fn assert_saw_of(&mut self, pids: &[u32], flows: &[Flow]) -> Outcome {
        assert_same(&self.events(pids)?, flows, self.backend);
        Ok(())
    }
}

/// Makes a connection, and waits until the tracer has reported it.
pub(crate) fn catch_up(tracer: &Tracer) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let connection = TcpStream::connect(listener.local_addr()?)?;
    let port = connection.local_addr()?.port();
    let this = [std::process::id()];
    let is_it = |event: &Event| {
        event.is_of(&this) && event.str("event") == "connect" && event.int("local_port") == Some(port.into())
    };
    // Each line is looked at once.
    let (mut looked_at, mut found) = (0, false);
    let number = port.to_string();
    tracer.wait_for("the latest connection", |lines| {
        let mut new = lines.iter().skip(looked_at).filter(|line| line.contains(&number));
        found |= new.any(|line| Event::parse(line).is_ok_and(|event| is_it(&event)));
        looked_at = lines.len();
        found
    })
}
