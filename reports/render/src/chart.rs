//! Charts as SVG that takes its colours and fonts from the page around it.
//!
//! The plotting library writes colours as numbers. Each role has a number of its own, which nothing else uses, and
//! which is replaced by a CSS variable once the drawing is done: so one drawing suits a light and a dark page.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use squall_results::{
    FaultWindow, LatencyHistogram, OperationLatency, RunResults, Seconds, Series, SeriesColumn,
};

use crate::view;

mod axis;

use axis::{Axis, log_us};

/// How many colours lines can have before they repeat.
pub(crate) const LINE_COLOURS: usize = 8;

/// A drawing with what a page says about it.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// What it shows.
    pub(crate) title: String,
    /// What the lines are, in the order of their colours; empty if there is but one.
    pub(crate) legend: Vec<LegendEntry>,
    /// The `svg` element. Texts in it are escaped.
    pub(crate) svg: String,
}

/// A line of a chart in words.
#[derive(Clone, Debug)]
pub(crate) struct LegendEntry {
    /// Index of the colour.
    pub(crate) colour: usize,
    /// What the line is.
    pub(crate) label: String,
}

/// Devices connected over time; `None` if that was not recorded.
pub(crate) fn devices_connected(results: &RunResults) -> Option<Chart> {
    let values = results.series.column(SeriesColumn::DevicesConnected);
    let points = levels(&results.series, values)?;
    let most = values.iter().max().copied().unwrap_or(0).max(results.devices);
    Some(draw(Plot {
        title: "Devices connected".to_owned(),
        size: (960, 300),
        x: (Axis::time(duration(results)), "virtual time"),
        y: (Axis::counts(most), "devices"),
        faults: &results.faults,
        lines: vec![Line { label: "connected".to_owned(), points, filled: true }],
    }))
}

/// Connection attempts and what became of them, per second; `None` if that was not recorded.
pub(crate) fn connects(results: &RunResults) -> Option<Chart> {
    let columns = [
        (SeriesColumn::ConnectAttempts, "attempts"),
        (SeriesColumn::ConnectAccepted, "accepted"),
        (SeriesColumn::ConnectRefused, "refused"),
        (SeriesColumn::ConnectThrottled, "throttled"),
    ];
    let series = &results.series;
    let interval = series.interval_seconds.max(1);
    let lines: Vec<Line> = columns
        .iter()
        .filter_map(|(column, label)| {
            Some(Line {
                label: (*label).to_owned(),
                points: rates(series, series.column(*column))?,
                // What became of the attempts lies on them, and may hide their line but not their area.
                filled: *column == SeriesColumn::ConnectAttempts,
            })
        })
        .collect();
    let counts = columns.iter().flat_map(|(column, _)| series.column(*column));
    let most = counts.max().copied().unwrap_or(0).div_ceil(interval);
    (!lines.is_empty()).then(|| {
        draw(Plot {
            title: "CONNECTs per second".to_owned(),
            size: (960, 300),
            x: (Axis::time(duration(results)), "virtual time"),
            y: (Axis::counts(most), "per second"),
            faults: &results.faults,
            lines,
        })
    })
}

/// Latency by percentile, a line per operation; `None` if nothing was measured or no histogram can be decoded.
pub(crate) fn percentiles(results: &RunResults) -> Option<Chart> {
    let rows: Vec<(&OperationLatency, LatencyHistogram)> = results
        .latency
        .iter()
        .filter(|row| row.window == "run" && row.count > 1)
        .filter_map(|row| Some((row, row.decode_histogram().ok()?)))
        .collect();
    let lowest = rows.iter().map(|(row, _)| row.p50).min()?;
    let highest = rows.iter().map(|(row, _)| row.max).max()?;
    let lines = rows
        .iter()
        .map(|(row, histogram)| Line {
            label: row.operation.clone(),
            points: percentile_curve(histogram),
            filled: false,
        })
        .collect();
    Some(draw(Plot {
        title: "Latency by percentile, whole run".to_owned(),
        size: (960, 360),
        x: (Axis::percentiles(), "share of operations that took no longer"),
        y: (Axis::durations(lowest, highest), "latency"),
        faults: &[],
        lines,
    }))
}

/// Devices connected over time, a line per cell; `None` if no cell recorded it.
pub(crate) fn devices_connected_by_cell(cells: &[RunResults]) -> Option<Chart> {
    let lines: Vec<Line> = cells
        .iter()
        .filter_map(|cell| {
            let values = cell.series.column(SeriesColumn::DevicesConnected);
            Some(Line {
                label: view::cell_words(&cell.cell),
                points: levels(&cell.series, values)?,
                filled: false,
            })
        })
        .collect();
    let most = cells.iter().map(|cell| cell.devices).max()?;
    let faults = &cells.first()?.faults;
    let same_faults = cells.iter().all(|cell| {
        let windows = |faults: &[FaultWindow]| -> Vec<_> {
            faults.iter().map(|f| (f.from_seconds, f.to_seconds)).collect()
        };
        windows(&cell.faults) == windows(faults)
    });
    (!lines.is_empty()).then(|| {
        draw(Plot {
            title: "Devices connected, by cell".to_owned(),
            size: (960, 320),
            x: (Axis::time(cells.iter().map(duration).max().unwrap_or(1)), "virtual time"),
            y: (Axis::counts(most), "devices"),
            faults: if same_faults { faults } else { &[] },
            lines,
        })
    })
}

fn duration(results: &RunResults) -> u64 {
    results.virtual_seconds.as_micros().div_ceil(1_000_000)
}

type Points = Vec<(f64, f64)>;

/// A level is known at the end of each interval.
fn levels(series: &Series, values: &[u64]) -> Option<Points> {
    let interval = series.interval_seconds as f64;
    let ends = values.iter().enumerate().map(|(index, value)| ((index + 1) as f64 * interval, *value as f64));
    (!values.is_empty()).then(|| [(0.0, 0.0)].into_iter().chain(ends).collect())
}

/// A count belongs to the middle of its interval.
fn rates(series: &Series, values: &[u64]) -> Option<Points> {
    let interval = series.interval_seconds.max(1) as f64;
    let middles = values
        .iter()
        .enumerate()
        .map(|(index, value)| ((index as f64 + 0.5) * interval, *value as f64 / interval));
    (!values.is_empty()).then(|| middles.collect())
}

/// The latency at many percentiles, as far as there are operations to tell them apart.
fn percentile_curve(histogram: &LatencyHistogram) -> Points {
    const STEPS: u32 = 240;
    let curve: Vec<_> = histogram.curve().collect();
    let count = histogram.count() as f64;
    let axis = Axis::percentiles();
    let last = axis.high().min(count.log10()).max(axis.low());
    (0..=STEPS)
        .map(|step| axis.low() + (last - axis.low()) * f64::from(step) / f64::from(STEPS))
        .filter_map(|x| {
            let rank = (count * (1.0 - 10_f64.powf(-x))).ceil().max(1.0);
            let index = curve.partition_point(|point| (point.rank as f64) < rank);
            Some((x, log_us(curve.get(index)?.us)))
        })
        .collect()
}

struct Plot<'a> {
    title: String,
    size: (u32, u32),
    x: (Axis, &'a str),
    y: (Axis, &'a str),
    faults: &'a [FaultWindow],
    lines: Vec<Line>,
}

struct Line {
    label: String,
    points: Points,
    filled: bool,
}

/// Colours that stand for roles until the drawing is done.
const INK: RGBColor = RGBColor(1, 0, 255);
const GRID: RGBColor = RGBColor(2, 0, 255);
const BAND: RGBColor = RGBColor(3, 0, 255);
const BAND_INK: RGBColor = RGBColor(4, 0, 255);
const FIRST_LINE: u8 = 16;

const fn line_colour(index: usize) -> RGBColor {
    RGBColor(FIRST_LINE + (index % LINE_COLOURS) as u8, 0, 255)
}

/// Text sizes; the SVG writer divides by 1.24.
const LABEL_SIZE: f64 = 13.0 * 1.24;
const BAND_SIZE: f64 = 12.0 * 1.24;

fn draw(plot: Plot<'_>) -> Chart {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, plot.size).into_drawing_area();
        draw_on(&root, &plot).expect("writing SVG to a string cannot fail");
        root.present().expect("writing SVG to a string cannot fail");
    }
    let legend = plot
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| LegendEntry { colour: index % LINE_COLOURS, label: line.label.clone() });
    let legend: Vec<LegendEntry> = legend.collect();
    Chart {
        svg: dress(&svg, &plot),
        legend: if legend.len() > 1 { legend } else { Vec::new() },
        title: plot.title,
    }
}

type DrawError<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>;

fn draw_on<'a>(root: &DrawingArea<SVGBackend<'a>, Shift>, plot: &Plot<'_>) -> Result<(), DrawError<'a>> {
    let (x, x_label) = &plot.x;
    let (y, y_label) = &plot.y;
    let mut chart = ChartBuilder::on(root)
        .margin_top(if plot.faults.is_empty() { 10 } else { 26 })
        .margin_right(28)
        .margin_left(4)
        .x_label_area_size(46)
        .y_label_area_size(92)
        .build_cartesian_2d(x.clone(), y.clone())?;
    // Bands lie under the grid, the grid under the lines.
    for fault in plot.faults {
        let (from, to) = (seconds(fault.from_seconds), seconds(fault.to_seconds));
        // However short, a fault can be seen.
        let to = to.max(from + (x.high() - x.low()) / f64::from(plot.size.0) * 2.0);
        let corners = [(from, y.low()), (to.min(x.high()), y.high())];
        chart.draw_series([Rectangle::new(corners, BAND.mix(0.22).filled())])?;
    }
    let label = |size: f64, ink: RGBColor| ("sans-serif", size).into_font().color(&ink);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .set_all_tick_mark_size(4)
        .label_style(label(LABEL_SIZE, INK))
        .axis_desc_style(label(LABEL_SIZE, INK))
        .x_labels(x.tick_count())
        .y_labels(y.tick_count())
        .x_label_formatter(&|value| x.label(*value))
        .y_label_formatter(&|value| y.label(*value))
        .x_desc(*x_label)
        .y_desc(*y_label)
        .draw()?;
    for (index, line) in plot.lines.iter().enumerate() {
        let colour = line_colour(index);
        let points = line.points.iter().copied();
        if line.filled {
            chart.draw_series(AreaSeries::new(points.clone(), 0.0, colour.mix(0.12)))?;
        }
        chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
    }
    let (columns, _) = chart.plotting_area().get_pixel_range();
    let mut free_from = columns.start;
    for fault in plot.faults {
        let middle = (seconds(fault.from_seconds) + seconds(fault.to_seconds)) / 2.0;
        let (column, _) = chart.backend_coord(&(middle, y.high()));
        let text = format!("fault {}: {}", fault.number, fault.kind);
        let (text, width) = match text_width(&text) {
            // A label that would run into its neighbour keeps only the number.
            width if column - width / 2 < free_from => {
                let short = fault.number.to_string();
                let width = text_width(&short);
                (short, width)
            }
            width => (text, width),
        };
        let column = column.min(columns.end - width / 2);
        free_from = column + width / 2 + 8;
        let style = label(BAND_SIZE, BAND_INK).pos(Pos::new(HPos::Center, VPos::Bottom));
        root.draw(&Text::new(text, (column, 20), style))?;
    }
    Ok(())
}

fn seconds(at: Seconds) -> f64 {
    at.as_micros() as f64 / 1_000_000.0
}

/// About how wide a fault's label is, in pixels.
fn text_width(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 8) * 7
}

/// Turns the library's drawing into one that fits any page: scaled by its width, named for those who cannot see it,
/// coloured and lettered by CSS.
fn dress(svg: &str, plot: &Plot<'_>) -> String {
    let (width, height) = plot.size;
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let roles = [
        (INK, "ink-soft".to_owned()),
        (GRID, "grid".to_owned()),
        (BAND, "band".to_owned()),
        (BAND_INK, "band-ink".to_owned()),
    ];
    let lines = (0..LINE_COLOURS).map(|index| (line_colour(index), format!("line-{index}")));
    let mut body = body.replace(" font-family=\"sans-serif\"", "");
    for (RGBColor(r, g, b), role) in roles.into_iter().chain(lines) {
        for paint in ["fill", "stroke"] {
            let number = format!(" {paint}=\"#{r:02X}{g:02X}{b:02X}\"");
            body = body.replace(&number, &format!(" style=\"{paint}:var(--{role})\""));
        }
    }
    let title = escaped(&plot.title);
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\" \
         xmlns=\"http://www.w3.org/2000/svg\"><title>{title}</title>{body}"
    )
}

/// `text` with what HTML and SVG read as markup written out.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
