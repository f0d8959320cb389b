//! Inputs of an enemy, in any order and at any time: the body of a fuzz target, fed by proptest.

#[path = "../../../fuzz/src/core_input.rs"]
mod core_input;

use core_input::{GOOD, survive};
use proptest::collection::vec;
use proptest::prelude::*;
use squall_codec::decode;

use crate::VERSIONS;

#[test]
fn what_a_program_sends_as_good_is_good() {
    for packet in GOOD {
        let decoded = VERSIONS.map(|version| decode(version, packet, u32::MAX));
        let whole = decoded.iter().flatten().flatten().any(|(_, used)| *used == packet.len());
        assert!(whole, "{packet:02x?} is {decoded:?}");
    }
}

/// A step for each of three links; most of them are good packets, so that a case gets somewhere.
fn step() -> impl Strategy<Value = Vec<u8>> {
    (0..3_u8, 0..16_u8, vec(any::<u8>(), 1..24)).prop_map(|(link, kind, argument)| {
        let mut step = vec![link << 4 | kind];
        match kind {
            0 | 13.. => {}
            6..=12 => step.push(argument[0]),
            1..=5 => {
                if kind > 2 {
                    step.push(argument[0]);
                }
                step.push(argument.len() as u8);
                step.extend(argument);
            }
        }
        step
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn arbitrary_programs_do_no_harm(program in vec(any::<u8>(), 0..400)) {
        survive(&program);
    }

    #[test]
    fn plausible_programs_do_no_harm(steps in vec(step(), 1..80)) {
        survive(&steps.concat());
    }
}
