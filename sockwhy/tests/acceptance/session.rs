//! What the tests of one backend share: a tracer without filters that runs all the while.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    backend::Backend,
    event::Event,
    flow::{Flow, assert_same},
    outcome::{Outcome, Stop},
    trace::Trace,
    tracer::{Finished, Tracer},
};

/// A backend under test.
pub(crate) struct Session {
    pub(crate) backend: Backend,
    tracer: Mutex<Option<Tracer>>,
    /// Whether a tracer has run and not told of the test's own connections. Waiting for another one would be in vain.
    deaf: AtomicBool,
}

impl Session {
    pub(crate) fn new(backend: Backend) -> Self {
        Self { backend, tracer: Mutex::new(None), deaf: AtomicBool::new(false) }
    }

    /// A `sockwhy trace` of one's own.
    pub(crate) fn trace(&self) -> Trace {
        Trace::new(self.backend)
    }

    /// The events of these processes from here on, by the tracer that all share.
    pub(crate) fn watch(&self) -> Outcome<Watch<'_>> {
        if self.deaf.load(Ordering::Relaxed) {
            return Err(Stop::failed("sockwhy has told an earlier test nothing of a connection that was made"));
        }
        let mut tracer = self.tracer.lock().unwrap_or_else(PoisonError::into_inner);
        if tracer.is_none() {
            *tracer = Some(self.trace().start()?);
        }
        if let Some(tracer) = &*tracer {
            tracer.forget();
        }
        Ok(Watch { backend: self.backend, tracer, deaf: &self.deaf })
    }

    /// Ends the tracer that all share.
    pub(crate) fn stop(&self) -> Outcome<Finished> {
        // There is one, even if this is the only test, and it has seen something.
        self.watch()?.events(&[])?;
        let tracer = self.tracer.lock().unwrap_or_else(PoisonError::into_inner).take();
        tracer.expect("it has just been started").stop()
    }
}

/// What happens while a test holds it.
pub(crate) struct Watch<'session> {
    backend: Backend,
    tracer: MutexGuard<'session, Option<Tracer>>,
    deaf: &'session AtomicBool,
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
        Ok(self.all_events()?.into_iter().filter(|event| event.is_of(pids)).collect())
    }

    /// Everything so far: of what happened before this is called nothing is missing, as events leave the kernel in the
    /// order in which they happen.
    pub(crate) fn all_events(&mut self) -> Outcome<Vec<Event>> {
        let result = self.tracer().and_then(catch_up);
        if result.is_err() {
            // Where it is dead the next test gets another one.
            let is_deaf = self.tracer.take().is_some_and(|mut tracer| tracer.is_running());
            self.deaf.store(is_deaf, Ordering::Relaxed);
        }
        result?;
        Ok(self.tracer()?.events())
    }

    /// Asserts that the processes of the flows have done just these.
    pub(crate) fn assert_saw(&mut self, flows: &[Flow]) -> Outcome {
        let pids: Vec<_> = flows.iter().filter_map(|flow| flow.pid).collect();
        self.assert_saw_of(&pids, flows)
    }

    /// Asserts that these processes have made just these flows.
    pub(crate) fn assert_saw_of(&mut self, pids: &[u32], flows: &[Flow]) -> Outcome {
        assert_same(&self.events(pids)?, flows, self.backend);
        Ok(())
    }
}

/// Waits until the tracer has told of a connection that is made here and now.
pub(crate) fn catch_up(tracer: &Tracer) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let connection = TcpStream::connect(listener.local_addr()?)?;
    let port = connection.local_addr()?.port();
    let this = [std::process::id()];
    let is_it = |event: &Event| {
        event.is_of(&this) && event.str("event") == "connect" && event.int("local_port") == Some(port.into())
    };
    tracer.wait_for("the latest connection", |events| events.iter().rev().any(is_it))
}
