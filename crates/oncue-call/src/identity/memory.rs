//! Identities in memory: for tests and simulations, where no process dies.

use super::{AppId, CallRecord, Ending, IdentityStore, NewCall, StoreError};
use crate::Handle;
use oncue_session::Id;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// Identities that last as long as this value.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    locked: bool,
    peers: BTreeMap<Handle, AppId>,
    handles: BTreeMap<AppId, Handle>,
    calls: BTreeMap<Id, CallRecord>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Locks it, as a phone does when it starts, or unlocks it.
    pub fn set_locked(&mut self, locked: bool) {
        self.locked = locked;
    }

    fn open(&self) -> Result<&Self, StoreError> {
        if self.locked { Err(StoreError::Locked) } else { Ok(self) }
    }

    fn live(&mut self, uuid: Id) -> Result<&mut CallRecord, StoreError> {
        self.open()?;
        self.calls
            .get_mut(&uuid)
            .filter(|record| record.ended.is_none())
            .ok_or(StoreError::NotLive(uuid))
    }

    /// The calls that `wanted` names, in the order in which they began.
    fn calls(&self, wanted: impl Fn(&CallRecord) -> bool) -> Result<Vec<CallRecord>, StoreError> {
        let mut calls: Vec<_> =
            self.open()?.calls.values().filter(|record| wanted(record)).cloned().collect();
        calls.sort_by_key(|record| (record.call.at, record.call.uuid));
        Ok(calls)
    }
}

impl IdentityStore for MemoryStore {
    fn remember(&mut self, peer: &AppId, handle: &Handle) -> Result<(), StoreError> {
        match self.open()?.peers.get(handle) {
            Some(owner) if owner != peer => {
                let (handle, owner, peer) = (handle.clone(), owner.clone(), peer.clone());
                Err(StoreError::HandleTaken { handle, owner, peer })
            }
            _ => {
                self.peers.insert(handle.clone(), peer.clone());
                self.handles.insert(peer.clone(), handle.clone());
                Ok(())
            }
        }
    }

    fn handle_of(&self, peer: &AppId) -> Result<Option<Handle>, StoreError> {
        Ok(self.open()?.handles.get(peer).cloned())
    }

    fn peer_of(&self, handle: &Handle) -> Result<Option<AppId>, StoreError> {
        Ok(self.open()?.peers.get(handle).cloned())
    }

    fn begin(&mut self, call: &NewCall) -> Result<(), StoreError> {
        if self.open()?.calls.contains_key(&call.uuid) {
            return Err(StoreError::UuidUsed(call.uuid));
        }
        self.remember(&call.peer, &call.handle)?;
        let record = CallRecord { call: call.clone(), connected: None, ended: None };
        self.calls.insert(call.uuid, record);
        Ok(())
    }

    fn connected(&mut self, uuid: Id, at: SystemTime) -> Result<(), StoreError> {
        self.live(uuid)?.connected.get_or_insert(at);
        Ok(())
    }

    fn end(&mut self, uuid: Id, at: SystemTime, why: Ending) -> Result<(), StoreError> {
        self.live(uuid)?.ended = Some((at, why));
        Ok(())
    }

    fn live_call(&self, uuid: Id) -> Result<Option<CallRecord>, StoreError> {
        let record = self.open()?.calls.get(&uuid);
        Ok(record.filter(|record| record.ended.is_none()).cloned())
    }

    fn live_calls(&self) -> Result<Vec<CallRecord>, StoreError> {
        self.calls(|record| record.ended.is_none())
    }

    fn recents(&self, most: usize) -> Result<Vec<CallRecord>, StoreError> {
        let mut calls = self.calls(|record| record.call.in_recents && record.ended.is_some())?;
        calls.reverse();
        calls.truncate(most);
        Ok(calls)
    }

    fn end_left_behind(&mut self, at: SystemTime) -> Result<Vec<CallRecord>, StoreError> {
        let mut left = self.live_calls()?;
        for record in &mut left {
            self.end(record.call.uuid, at, Ending::LeftBehind)?;
            record.ended = Some((at, Ending::LeftBehind));
        }
        Ok(left)
    }
}
