//! A lookup of the registry against a bare hash map of the same size and record, side by side.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use squall_services::policy::{Account, CertificateFacts};
use squall_services::registry::{
    CertificateStatus, ControlQuery, PrincipalKind, Registry, ThingConfiguration, ThingTypeProperties,
};
use squall_types::{CertificateId, Owner, WallTime};

const NOW: WallTime = WallTime::from_unix_secs(1_767_225_600);
/// How many lookups an iteration makes, in an order that no cache foresees.
const LOOKUPS: u64 = 1_024;

/// The size of the registry's record of a certificate, with its key in front as there.
#[derive(Clone)]
struct Record {
    id: CertificateId,
    status: u8,
    _rest: [u64; 16],
}

fn id(index: u64) -> CertificateId {
    CertificateId::of(Owner(index))
}

fn registry(devices: u64) -> Registry {
    let mut registry = Registry::new(Account::default());
    registry.create_thing_type("pump", ThingTypeProperties::default()).unwrap();
    for index in 0..devices {
        let id = id(index);
        let text = id.to_string();
        let facts = CertificateFacts::new(&text, &text[..16]);
        registry.register_certificate(id, facts, CertificateStatus::Active).unwrap();
        let name = format!("pump-{index:08}");
        let attributes = vec![("site".into(), "north".into()), ("firmware".into(), "2.14.3".into())];
        let configuration =
            ThingConfiguration { type_name: Some("pump".into()), attributes, billing_group: None };
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

        let hasher = foldhash::fast::FixedState::with_seed(1);
        let mut bare = HashMap::with_hasher(hasher.clone());
        let mut bare_things = HashMap::with_hasher(hasher.clone());
        for index in 0..devices {
            bare.insert(id(index), Record { id: id(index), status: 1, _rest: [0; 16] });
            let name: Box<str> = format!("pump-{index:08}").into();
            bare_things.insert(name.clone(), (name, [0_u64; 12]));
        }
        group.bench_function(BenchmarkId::new("bare map of certificates", devices), |bencher| {
            bencher.iter(|| {
                ids.iter()
                    .filter(|id| {
                        bare.get(black_box(*id)).is_some_and(|held| held.status == 1 && held.id == **id)
                    })
                    .count()
            });
        });
        group.bench_function(BenchmarkId::new("bare map of things", devices), |bencher| {
            bencher.iter(|| {
                names
                    .iter()
                    .filter(|name| {
                        bare_things.get(black_box(name.as_str())).is_some_and(|held| held.1[0] == 0)
                    })
                    .count()
            });
        });
        drop((bare, bare_things));

        let registry = registry(devices);
        group.bench_function(BenchmarkId::new("access of a certificate", devices), |bencher| {
            bencher.iter(|| ids.iter().filter(|id| registry.access(black_box(**id), NOW).is_ok()).count());
        });
        group.bench_function(BenchmarkId::new("whether a thing is there", devices), |bencher| {
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
