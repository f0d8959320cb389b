//! A lookup of the registry against a bare hash map of the same size and record, side by side.

use std::hint::black_box;

use compact_str::CompactString;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use squall_services::policy::{Account, CertificateFacts};
use squall_services::registry::{
    CertificateStatus, ControlQuery, PrincipalKind, Registry, ThingConfiguration, ThingTypeProperties,
};
use squall_types::{CertificateId, Owner, WallTime};

const NOW: WallTime = WallTime::from_unix_secs(1_767_225_600);
/// How many lookups an iteration makes, in an order that no cache foresees.
const LOOKUPS: u64 = 1_024;

/// What the registry knows of a certificate, as far as it takes room.
struct Certificate {
    id: CertificateId,
    status: u8,
    _policies_and_things: [u64; 6],
    _facts: CertificateFacts,
}

/// What the registry knows of a thing, as far as it takes room.
struct Thing {
    name: CompactString,
    version: u64,
    _attributes: Box<[(Box<str>, Box<str>)]>,
    _type_and_groups: [u64; 5],
}

type Bare = (HashMap<CertificateId, Certificate, FixedState>, HashMap<CompactString, Thing, FixedState>);

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
        let certificate = Certificate { id, status: 1, _policies_and_things: [0; 6], _facts: facts(id) };
        certificates.insert(id, certificate);
        let name = CompactString::from(format!("pump-{index:08}"));
        let thing = Thing {
            name: name.clone(),
            version: 1,
            _attributes: attributes().into(),
            _type_and_groups: [0; 5],
        };
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

fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lookup");
    group.throughput(Throughput::Elements(LOOKUPS));
    for devices in [10_000_u64, 1_000_000] {
        let indices: Vec<u64> =
            (0..LOOKUPS).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % devices).collect();
        let ids: Vec<CertificateId> = indices.iter().map(|&index| id(index)).collect();
        let names: Vec<String> = indices.iter().map(|index| format!("pump-{index:08}")).collect();

        let (certificates, things) = bare_maps(devices);
        group.bench_function(BenchmarkId::new("certificate, bare map", devices), |bencher| {
            let is_there = |id: &&CertificateId| {
                certificates.get(black_box(*id)).is_some_and(|held| held.status == 1 && held.id == **id)
            };
            bencher.iter(|| ids.iter().filter(is_there).count());
        });
        group.bench_function(BenchmarkId::new("thing, bare map", devices), |bencher| {
            let is_there = |name: &&String| {
                things
                    .get(black_box(name.as_str()))
                    .is_some_and(|held| held.version > 0 && held.name == **name)
            };
            bencher.iter(|| names.iter().filter(is_there).count());
        });
        drop((certificates, things));

        let registry = registry(devices);
        group.bench_function(BenchmarkId::new("certificate, registry", devices), |bencher| {
            bencher.iter(|| ids.iter().filter(|id| registry.access(black_box(**id), NOW).is_ok()).count());
        });
        group.bench_function(BenchmarkId::new("thing, registry", devices), |bencher| {
            bencher.iter(|| names.iter().filter(|name| registry.has_thing(black_box(name))).count());
        });
        group.bench_function(BenchmarkId::new("DescribeThing, answered", devices), |bencher| {
            bencher.iter(|| {
                let asked = names.iter().map(|name| ControlQuery::DescribeThing { name });
                asked.filter(|query| registry.answer(black_box(query)).is_ok()).count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lookup);
criterion_main!(benches);
