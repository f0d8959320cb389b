//! A set of devices, a bit each.

/// The devices that something happened to.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeviceSet(Vec<u64>);

impl DeviceSet {
    pub(crate) fn insert(&mut self, device: u32) {
        let (word, bit) = (device as usize / 64, device % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_counts_once() {
        let mut devices = DeviceSet::default();
        for device in [0, 63, 64, 63, 1_000, 0] {
            devices.insert(device);
        }
        assert_eq!(devices.len(), 4);
    }
}
