//! Devices that lose their power.

use squall_device::DeviceInput;
use squall_scenario::{DeviceCrash, FaultKind};
use squall_types::{Purpose, Timestamp};

use crate::event::LinkKey;
use crate::world::World;

impl World {
    /// A device is switched on for the first time, unless it has no power then: it starts when that is back.
    pub(crate) fn on_device_start(&mut self, device: u32) {
        let has_no_power = self.faults.iter().zip(0..).any(|(fault, number)| match fault.kind {
            FaultKind::DeviceCrash(crash) => {
                let from = Timestamp::ZERO + fault.at;
                (from <= self.now && self.now < from + fault.lasts) && self.crashes(number, crash, device)
            }
            FaultKind::GatewayOutage(_) => false,
        });
        if !has_no_power {
            self.drive(device, DeviceInput::Start);
        }
    }

    pub(crate) fn crash(&mut self, fault: u32, crash: DeviceCrash) {
        for device in self.crashed(fault, crash) {
            let link = self.sites[device as usize].link;
            if link != LinkKey::NONE {
                // Nobody is told: the service finds out by its keep alive, as does whoever sends to the device.
                self.let_go(device, link);
            }
            self.drive(device, DeviceInput::PowerLost);
        }
    }

    pub(crate) fn start_crashed(&mut self, fault: u32, crash: DeviceCrash) {
        for device in self.crashed(fault, crash) {
            let fleet = &self.fleets[crash.fleet];
            if fleet.start_of(self.chance, device - fleet.first) <= self.now {
                self.drive(device, DeviceInput::Start);
            }
        }
    }

    fn crashed(&self, fault: u32, crash: DeviceCrash) -> Vec<u32> {
        let fleet = &self.fleets[crash.fleet];
        let devices = fleet.first..fleet.first + fleet.devices;
        devices.filter(|device| self.crashes(fault, crash, *device)).collect()
    }

    fn crashes(&self, fault: u32, crash: DeviceCrash, device: u32) -> bool {
        let fleet = &self.fleets[crash.fleet];
        if !(fleet.first..fleet.first + fleet.devices).contains(&device) {
            return false;
        }
        let owner = fleet.owner.member(u64::from(device - fleet.first));
        let share = u64::from(crash.share_per_million);
        self.chance.ratio(owner, Purpose::Crash, fault.into(), share, 1_000_000)
    }
}
