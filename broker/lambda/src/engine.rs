//! The language that scripts are written in: Rhai, less everything that could make two runs differ.
//!
//! | Left out | Why |
//! |---|---|
//! | `timestamp`, `sleep` | a clock; the feature `no_time`, and no `LanguageCorePackage` |
//! | `import`, `export`, `eval`, custom syntax | a script is one text; features, and a disabled symbol |
//! | closures, `curry` | captured values may form cycles (a leak from one invocation to the next) and unbounded depth |
//! | anonymous functions | their names are hashes, which differ between processors, and a script could read them |
//! | reflection | it lists functions in the order of a hash map |
//! | `sin`, `exp`, `**`, ... | they end in the platform's libm, whose last digits differ |
//! | output of `print`, `debug` | the calls are allowed, and say nothing |
//!
//! Rhai's object map is a `BTreeMap`: scripts iterate over keys in byte order.

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Engine, OptimizationLevel};

use crate::helpers;

/// What one invocation may use. Every limit counts work or size, none counts time, so that each is the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations of the interpreter: roughly, expressions and statements evaluated.
    pub operations: u64,
    /// Calls inside calls.
    pub call_levels: usize,
    /// Bytes of a string, and of all strings together inside one array or map.
    pub string_bytes: usize,
    /// Items of an array, those of arrays inside it included.
    pub array_items: usize,
    /// Properties of a map, those of maps inside it included.
    pub map_properties: usize,
}

impl Limits {
    /// Enough for some hundred lines over an event. An empty endless loop is over in a millisecond, one that copies a
    /// string of the greatest length at each step in some seconds.
    pub const DEFAULT_OPERATIONS: u64 = 100_000;

    /// The limits of a function that states none.
    ///
    /// A string holds the largest MQTT payload (128 KB) in base64. Items and properties also bound how deeply a value
    /// can be nested, and Rhai recurses over values: a debug build overflowed a stack of 2 MiB at 4,096 of each, nested
    /// in turn, and did not at 3,000.
    pub const DEFAULT: Self = Self {
        operations: Self::DEFAULT_OPERATIONS,
        call_levels: 32,
        string_bytes: 256 * 1024,
        array_items: 1_000,
        map_properties: 1_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How deeply expressions may nest. Stated, since Rhai's own defaults differ between debug and release builds.
const EXPRESSION_LEVELS: usize = 64;

/// Rhai hashes with ahash, whose keys it takes from the compiler's random numbers (`compile-time-rng`, which Rhai's
/// manifest always turns on): two builds would differ. A seed of our own stands over them.
const HASHING_SEED: [u64; 4] = [0x5351_5541, 0x4c4c_2d4c, 0x414d_4244, 0x4100_0001];

/// Names that are no functions and no keywords here. `**` is out for its floats.
const DISABLED_SYMBOLS: &[&str] = &["eval", "curry", "**", "**="];

pub(crate) fn engine(limits: &Limits) -> Engine {
    // It can be set once in a process; whoever came first set a fixed seed as well.
    let _ = rhai::config::hashing::set_hashing_seed(Some(HASHING_SEED));
    let mut engine = Engine::new_raw();
    register_packages(&mut engine);
    helpers::register(&mut engine);
    for symbol in DISABLED_SYMBOLS {
        engine.disable_symbol(*symbol);
    }
    engine
        .set_allow_anonymous_fn(false)
        .set_strict_variables(true)
        .set_optimization_level(OptimizationLevel::Simple)
        .set_max_expr_depths(EXPRESSION_LEVELS, EXPRESSION_LEVELS)
        .set_max_operations(limits.operations)
        .set_max_call_levels(limits.call_levels)
        .set_max_string_size(limits.string_bytes)
        .set_max_array_size(limits.array_items)
        .set_max_map_size(limits.map_properties);
    engine
}

fn register_packages(engine: &mut Engine) {
    for module in [
        ArithmeticPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        BasicFnPackage::new().as_shared_module(),
    ] {
        engine.register_global_module(module);
    }
}
