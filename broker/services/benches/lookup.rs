//! A lookup of the registry against a bare hash map of the same size and record, side by side.
//!
//! The bare maps are as quick as maps can be made: they hash an id the registry's way, compare a name once, and read of
//! a record what the registry reads.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench measures real time")]

use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::time::Instant;

use compact_str::CompactString;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use squall_services::policy::{Account, CertificateFacts};
use squall_services::registry::{
    CertificateStatus, ControlQuery, PrincipalKind, Registry, ThingConfiguration, ThingTypeProperties,
    Validity,
};
use squall_types::{CertificateId, Owner, WallTime};

const NOW: WallTime = WallTime::from_unix_secs(1_767_225_600);
/// How many lookups an iteration makes, in an order that no cache foresees.
const LOOKUPS: u64 = 1_024;
/// How often each side of a ratio has its turn, and how often it makes all lookups then.
const ROUNDS: usize = 201;
const PASSES: usize = 50;

/// What the registry knows of a certificate beside its id, which is the map's key.
struct Certificate {
    validity: Validity,
    status: u8,
    _exclusive: bool,
    _policies_and_things: [u64; 6],
    _facts: Box<CertificateFacts>,
    _rest: Option<Box<u8>>,
}

/// What the registry knows of a thing beside its name, which is the map's key.
struct Thing {
    version: u64,
    _attributes: Box<[(Box<str>, Box<str>)]>,
    _type_and_groups: [u64; 5],
}

/// An id that is hashed as the registry hashes it.
#[derive(PartialEq, Eq)]
struct Id(CertificateId);

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (words, _) = self.0.0.as_chunks::<8>();
        words.iter().for_each(|word| state.write_u64(u64::from_le_bytes(*word)));
    }
}

type Bare = (HashMap<Id, Certificate, FixedState>, HashMap<CompactString, Thing, FixedState>);

fn facts(id: CertificateId) -> CertificateFacts {
    let text = id.to_string();
    CertificateFacts::new(&text[..16])
}

fn attributes() -> Vec<(Box<str>, Box<str>)> {
    vec![("firmware".into(), "2.14.3".into()), ("site".into(), "north".into())]
}

/// Two maps from names to the records themselves, filled in the same order as the registry.
fn bare_maps(devices: u64) -> Bare {
    let mut certificates = HashMap::with_hasher(FixedState::with_seed(1));
    let mut things = HashMap::with_hasher(FixedState::with_seed(2));
    for index in 0..devices {
        let id = id(index);
        let certificate = Certificate {
            validity: Validity::ALWAYS,
            status: 1,
            _exclusive: false,
            _policies_and_things: [0; 6],
            _facts: Box::new(facts(id)),
            _rest: None,
        };
        certificates.insert(Id(id), certificate);
        let name = CompactString::from(format!("pump-{index:08}"));
        let thing = Thing { version: 1, _attributes: attributes().into(), _type_and_groups: [0; 5] };
        things.insert(name, thing);
    }
    (certificates, things)
}

fn id(index: u64) -> CertificateId {
    CertificateId::of(Owner(index))
}

fn registry(devices: u64) -> Registry {
    let mut registry = Registry::new(Account::default());
    registry.create_thing_type("pump", ThingTypeProperties::default()).unwrap();
    for index in 0..devices {
        let id = id(index);
        registry.register_certificate(id, facts(id), CertificateStatus::Active).unwrap();
        let name = format!("pump-{index:08}");
        let configuration = ThingConfiguration {
            type_name: Some("pump".into()),
            attributes: attributes(),
            billing_group: None,
        };
        registry.create_thing(&name, configuration).unwrap();
        registry.attach_thing_principal(&name, id, PrincipalKind::NonExclusive).unwrap();
    }
    registry
}

/// What is asked of maps and registry alike.
struct Questions {
    ids: Vec<CertificateId>,
    names: Vec<String>,
}

impl Questions {
    fn new(devices: u64) -> Self {
        let indices: Vec<u64> =
            (0..LOOKUPS).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % devices).collect();
        Self {
            ids: indices.iter().map(|&index| id(index)).collect(),
            names: indices.iter().map(|index| format!("pump-{index:08}")).collect(),
        }
    }

    fn certificates_of_map(&self, (certificates, _): &Bare) -> usize {
        let is_there = |id: &&CertificateId| {
            let held = certificates.get(&Id(*black_box(*id)));
            held.is_some_and(|held| held.status == 1 && held.validity.covers(NOW))
        };
        self.ids.iter().filter(is_there).count()
    }

    fn certificates_of_registry(&self, registry: &Registry) -> usize {
        self.ids.iter().filter(|id| registry.access(black_box(**id), NOW).is_ok()).count()
    }

    fn things_of_map(&self, (_, things): &Bare) -> usize {
        let is_there =
            |name: &&String| things.get(black_box(name.as_str())).is_some_and(|held| held.version > 0);
        self.names.iter().filter(is_there).count()
    }

    fn things_of_registry(&self, registry: &Registry) -> usize {
        self.names.iter().filter(|name| registry.has_thing(black_box(name))).count()
    }
}

/// How many times as long the second takes as the first: the median of rounds in which they take turns, so that what
/// else the machine does meets both.
fn ratio(first: impl Fn() -> usize, second: impl Fn() -> usize) -> f64 {
    let time = |run: &dyn Fn() -> usize| {
        let begun = Instant::now();
        assert!((0..PASSES).all(|_| run() == LOOKUPS as usize), "everything asked for is there");
        begun.elapsed().as_secs_f64()
    };
    let mut ratios: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let bare = time(&first);
            time(&second) / bare
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ROUNDS / 2]
}

fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lookup");
    group.throughput(Throughput::Elements(LOOKUPS));
    for devices in [10_000_u64, 1_000_000] {
        let (questions, maps, registry) = (Questions::new(devices), bare_maps(devices), registry(devices));
        let certificates =
            ratio(|| questions.certificates_of_map(&maps), || questions.certificates_of_registry(&registry));
        let things = ratio(|| questions.things_of_map(&maps), || questions.things_of_registry(&registry));
        println!("{devices} devices, registry / bare map: certificate {certificates:.2}, thing {things:.2}");
        group.bench_function(BenchmarkId::new("certificate, bare map", devices), |bencher| {
            bencher.iter(|| questions.certificates_of_map(&maps));
        });
        group.bench_function(BenchmarkId::new("thing, bare map", devices), |bencher| {
            bencher.iter(|| questions.things_of_map(&maps));
        });
        group.bench_function(BenchmarkId::new("certificate, registry", devices), |bencher| {
            bencher.iter(|| questions.certificates_of_registry(&registry));
        });
        group.bench_function(BenchmarkId::new("thing, registry", devices), |bencher| {
            bencher.iter(|| questions.things_of_registry(&registry));
        });
        group.bench_function(BenchmarkId::new("DescribeThing, answered", devices), |bencher| {
            bencher.iter(|| {
                let asked = questions.names.iter().map(|name| ControlQuery::DescribeThing { name });
                asked.filter(|query| registry.answer(black_box(query)).is_ok()).count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lookup);
criterion_main!(benches);
