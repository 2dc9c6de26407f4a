//! The reader's end of what the programs write: events, and the counts of those that were lost.

use std::os::fd::{AsFd, BorrowedFd};

use aya::Ebpf;
use aya::maps::{Array, MapData, MapError, PerCpuArray, RingBuf};
use sockwhy_common::{Lost, READER_IDLE};

/// The ring buffer and the maps beside it. They outlive the programs, so that what was written before these were
/// detached can still be read.
pub struct Ring {
    events: RingBuf<MapData>,
    reader: Array<MapData, u32>,
    lost: PerCpuArray<MapData, u64>,
}

impl Ring {
    /// Takes the maps out of a loaded object.
    pub(super) fn take(ebpf: &mut Ebpf) -> Result<Self, MapError> {
        let mut take = |name: &str| ebpf.take_map(name).ok_or_else(|| MapError::InvalidName { name: name.to_owned() });
        Ok(Self {
            events: RingBuf::try_from(take("EVENTS")?)?,
            reader: Array::try_from(take("READER")?)?,
            lost: PerCpuArray::try_from(take("LOST")?)?,
        })
    }

    /// Hands the next record to `read`; false where there is none.
    pub fn next(&mut self, read: impl FnOnce(&[u8])) -> bool {
        match self.events.next() {
            Some(record) => {
                read(&record);
                true
            }
            None => false,
        }
    }

    /// Asks the programs to wake the reader at the next event. An event that is being written now may not wake it, so the
    /// reader must look at the ring once more before it sleeps.
    ///
    /// # Errors
    /// Where the kernel refuses to write to the map.
    pub fn ask_to_be_woken(&mut self) -> Result<(), MapError> {
        self.reader.set(0, READER_IDLE, 0)
    }

    /// How many events each reason has cost so far.
    ///
    /// # Errors
    /// Where the kernel refuses to read the map.
    pub fn lost(&self) -> Result<[(Lost, u64); Lost::ALL.len()], MapError> {
        let mut counts = Lost::ALL.map(|reason| (reason, 0));
        for (reason, count) in &mut counts {
            *count = self.lost.get(&(*reason as u32), 0)?.iter().sum();
        }
        Ok(counts)
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}
