//! The phone and its audio unit, to a typed session: what the session may start and stops goes out as an order.

use crate::Output;
use oncue_session::{
    Configuration, Directions, Engine, Id, OutputPort, Platform, Refusal, RunningIo, StartPermit,
};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// The phone, to the typed session: what it can refuse was asked before the step was taken, and it said yes.
#[derive(Debug)]
pub(crate) struct Phone(pub(crate) Sender<Output>);

impl Platform for Phone {
    fn set_category(&mut self, _: Configuration) -> Result<(), Refusal> {
        Ok(())
    }

    fn set_active(&mut self, _: bool) -> Result<(), Refusal> {
        Ok(())
    }

    fn override_output(&mut self, port: OutputPort) -> Result<(), Refusal> {
        let _ = self.0.send(Output::OverrideOutput(port));
        Ok(())
    }
}

/// The audio unit that the app is asked to run; a new one after each disposal.
#[derive(Debug, Default)]
pub(crate) struct Hardware {
    unit: Option<Id>,
    units: u32,
    prepared: bool,
    /// Set when a start failed: nothing runs that a stop could stop.
    failed: Arc<AtomicBool>,
}

impl Hardware {
    /// The unit, if there is one.
    pub(crate) const fn unit(&self) -> Option<Id> {
        self.unit
    }

    /// Whether the unit is made and initialized from now on.
    pub(crate) const fn is_prepared(&mut self, prepared: bool) {
        self.prepared |= prepared;
    }

    /// The last start failed.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// The unit that is to be disposed of, if there is one.
    pub(crate) const fn dispose(&mut self) -> Option<Id> {
        self.prepared = false;
        self.unit.take()
    }

    /// What prepares and starts the unit, by orders to `out`.
    pub(crate) fn relay(&mut self, out: &Sender<Output>) -> Relay {
        let unit = *self.unit.get_or_insert_with(|| {
            self.units += 1;
            Id::named(&format!("unit-{}", self.units))
        });
        let (prepared, failed) = (self.prepared, self.failed.clone());
        Relay { unit, prepared, failed, out: out.clone() }
    }
}

/// Hands the permit to start on to the app.
#[derive(Debug)]
pub(crate) struct Relay {
    unit: Id,
    prepared: bool,
    failed: Arc<AtomicBool>,
    out: Sender<Output>,
}

impl Engine for Relay {
    type Error = Infallible;

    fn prepare(&mut self) -> Result<(), Infallible> {
        let _ = self.out.send(Output::PrepareAudio { unit: self.unit });
        Ok(())
    }

    fn start(
        &mut self,
        permit: StartPermit,
        directions: Directions,
    ) -> Result<Box<dyn RunningIo>, Infallible> {
        let Self { unit, prepared, .. } = *self;
        self.failed.store(false, Ordering::Relaxed);
        let _ = self.out.send(Output::StartAudio { unit, prepared, directions, permit });
        Ok(Box::new(Runs { unit, failed: self.failed.clone(), out: self.out.clone() }))
    }
}

/// The unit that runs.
#[derive(Debug)]
struct Runs {
    unit: Id,
    failed: Arc<AtomicBool>,
    out: Sender<Output>,
}

impl RunningIo for Runs {
    fn stop(&mut self) {
        if !self.failed.load(Ordering::Relaxed) {
            let _ = self.out.send(Output::StopAudio { unit: self.unit });
        }
    }
}
