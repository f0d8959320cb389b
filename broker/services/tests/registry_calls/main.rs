//! Calls and queries of the registry, in the API's JSON.

mod certificates;
mod events;
mod failures;
mod groups;
mod json;
mod lists;
mod model;
mod rates;
mod support;
mod things;
