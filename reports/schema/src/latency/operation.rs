//! What is measured, and which numbers come of it.

macro_rules! operations {
    ($($variant:ident = $name:literal, $about:literal;)+) => {
        /// Something whose duration is measured.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Operation {
            $(#[doc = $about] $variant,)+
        }

        impl Operation {
            /// Every operation, in the order of reports.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in `latency` and in expectations.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What is measured, from where to where.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)+ }
            }
        }
    };
}

operations! {
    ConnectSession = "connect.session", "From when a device wants to be connected to its accepted CONNACK, all attempts included.";
    ConnectAttempt = "connect.attempt", "From the start of one connection attempt to its accepted CONNACK.";
    PublishAck = "publish.ack", "From the intended time of a publish to its PUBACK, waiting offline included.";
    PublishWire = "publish.wire", "From the first byte of a publish on the wire to its PUBACK.";
    Delivery = "delivery", "From the intended time at the publisher to the arrival at a subscriber.";
    ShadowUpdate = "shadow.update", "From when a device wanted an update of its shadow to the answer that it was accepted.";
    ShadowDelta = "shadow.delta", "From an accepted update to the arrival of its delta at the device.";
    ShadowConverge = "shadow.converge", "From the update that made desired differ from reported to the one after which it does not.";
    Provisioning = "provisioning", "From a device's first start to its first accepted connection with its own certificate.";
    FirstPublish = "provisioning.first_publish", "From a provisioned device's first start to the first publish that the service acknowledged.";
}

impl Operation {
    /// The operation of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name() == name)
    }
}

/// A number that a histogram yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stat {
    /// How many operations began, unfinished ones included.
    Count,
    /// How many of them were not finished when the run ended.
    Unfinished,
    /// Half took no longer.
    P50,
    /// 90 % took no longer.
    P90,
    /// 99 % took no longer.
    P99,
    /// 99.9 % took no longer.
    P999,
    /// The longest.
    Max,
}

impl Stat {
    /// Every number, in the order of reports.
    pub const ALL: &[Self] =
        &[Self::Count, Self::Unfinished, Self::P50, Self::P90, Self::P99, Self::P999, Self::Max];

    /// The spelling in files and expectations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Unfinished => "unfinished",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::P999 => "p999",
            Self::Max => "max",
        }
    }

    /// What the number says.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Count => "how many began, unfinished ones included",
            Self::Unfinished => "how many were not finished at the end",
            Self::P50 => "the duration that 50 % did not exceed",
            Self::P90 => "the duration that 90 % did not exceed",
            Self::P99 => "the duration that 99 % did not exceed",
            Self::P999 => "the duration that 99.9 % did not exceed",
            Self::Max => "the longest duration",
        }
    }

    /// The number of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name() == name)
    }
}
