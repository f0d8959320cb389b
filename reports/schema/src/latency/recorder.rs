//! All operations of a run, in the windows that they belong to.

use super::{LatencyHistogram, Operation, OperationLatency};
use crate::window::Windows;

/// Records every operation of a run in the windows that it belongs to.
///
/// A record touches one histogram, whatever the number of windows.
///
/// ```
/// use squall_results::{LatencyRecorder, Operation, Span, Windows};
///
/// let windows = Windows::new(Span::new(0, 900_000_000), &[]);
/// let mut recorder = LatencyRecorder::new(windows);
/// recorder.record(Operation::PublishAck, 1_000_000, 41_500);
/// recorder.record_unfinished(Operation::PublishAck, 899_000_000, 900_000_000);
/// let rows = recorder.finish();
/// assert_eq!((rows[0].window.as_str(), rows[0].count, rows[0].unfinished), ("run", 2, 1));
/// ```
#[derive(Clone, Debug)]
pub struct LatencyRecorder {
    windows: Windows,
    /// Operation by operation, segment by segment.
    histograms: Vec<Option<LatencyHistogram>>,
}

impl LatencyRecorder {
    /// Nothing recorded yet.
    pub fn new(windows: Windows) -> Self {
        let slots = Operation::ALL.len() * windows.segment_count();
        Self { windows, histograms: vec![None; slots] }
    }

    /// Records an operation that began `began_us` microseconds after the run did and took `took_us`.
    #[inline]
    pub fn record(&mut self, operation: Operation, began_us: u64, took_us: u64) {
        self.slot(operation, began_us).record_us(took_us);
    }

    /// Records an operation that began at `began_us` and was not finished at `end_us`, the end of the run.
    pub fn record_unfinished(&mut self, operation: Operation, began_us: u64, end_us: u64) {
        self.slot(operation, began_us).add_unfinished(end_us.saturating_sub(began_us));
    }

    #[inline]
    fn slot(&mut self, operation: Operation, began_us: u64) -> &mut LatencyHistogram {
        let segment = self.windows.segment_at(began_us);
        let index = operation as usize * self.windows.segment_count() + segment;
        self.histograms[index].get_or_insert_default()
    }

    /// The rows of `results.json`: each operation in each window in which one began.
    pub fn finish(&self) -> Vec<OperationLatency> {
        let mut rows = Vec::new();
        for &operation in Operation::ALL {
            for (window, span) in self.windows.iter() {
                let mut sum: Option<LatencyHistogram> = None;
                for segment in self.windows.segments_of(span) {
                    let index = operation as usize * self.windows.segment_count() + segment;
                    if let Some(part) = &self.histograms[index] {
                        sum.get_or_insert_default().merge(part);
                    }
                }
                if let Some(sum) = sum {
                    rows.push(sum.summary(operation.name(), &window.to_string()));
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Span;

    #[test]
    fn an_operation_belongs_to_the_windows_in_which_it_began() {
        let windows = Windows::new(Span::new(10, 100), &[Span::new(20, 30)]);
        let mut recorder = LatencyRecorder::new(windows);
        recorder.record(Operation::Delivery, 5, 1);
        recorder.record(Operation::Delivery, 15, 2);
        recorder.record(Operation::Delivery, 25, 500);
        recorder.record(Operation::Delivery, 99, 3);
        let rows: Vec<_> =
            recorder.finish().into_iter().map(|row| (row.window, row.count, row.max)).collect();
        assert_eq!(
            rows,
            [
                ("run".to_owned(), 4, 500),
                ("measure".to_owned(), 3, 500),
                ("fault.1.before".to_owned(), 2, 2),
                ("fault.1.during".to_owned(), 1, 500),
                ("fault.1.after".to_owned(), 1, 3),
            ]
        );
    }
}
