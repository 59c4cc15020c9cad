//! A report as pictures for the book: SVG, drawn by plotters.

use std::{fmt::Display, path::Path};

use anyhow::{Result, anyhow};
use plotters::{coord::Shift, prelude::*};

use crate::{
    cpu::Group,
    report::{Figures, Report},
    scenarios::Name,
};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: u32 = 900;
const ROW: u32 = 34;
/// Room for a scenario's name.
const NAMES: u32 = 330;
const TEXT: (&str, u32) = ("sans-serif", 16);
const COLOURS: [RGBColor; 13] = [
    RGBColor(31, 119, 180),
    RGBColor(174, 199, 232),
    RGBColor(44, 160, 44),
    RGBColor(152, 223, 138),
    RGBColor(148, 103, 189),
    RGBColor(197, 176, 213),
    RGBColor(255, 127, 14),
    RGBColor(255, 187, 120),
    RGBColor(227, 119, 194),
    RGBColor(214, 39, 40),
    RGBColor(127, 127, 127),
    RGBColor(140, 86, 75),
    RGBColor(199, 199, 199),
];

/// Leaves `rates.svg`, `cpu.svg` and `latency.svg` there.
pub(crate) fn write(report: &Report, output: &Path) -> Result<()> {
    let held: Vec<&Figures> = report.scenarios.iter().filter(|figures| figures.limit.is_some()).collect();
    if !held.is_empty() {
        rates(&held, &output.join("rates.svg")).map_err(cannot_draw)?;
    }
    if !report.scenarios.is_empty() {
        // A burst counts as one request, and would leave nothing to see of the others.
        let all: Vec<&Figures> =
            report.scenarios.iter().filter(|figures| figures.name != Name::Burst).collect();
        cpu(&all, &output.join("cpu.svg")).map_err(cannot_draw)?;
        latency(&all, &output.join("latency.svg")).map_err(cannot_draw)?;
    }
    Ok(())
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn cannot_draw(error: impl Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}

/// Each rate in parts of its limit's: the median's bar, and a line from the lowest round to the highest.
fn rates(figures: &[&Figures], file: &Path) -> Drawn {
    let most = figures.iter().filter_map(|figures| Some(figures.rate_of_limit?.max)).fold(1.0, f64::max);
    bars("Rate, in % of its limit's in the same round", figures, most * 100.0, &[], file, |figures, bar| {
        let Some(spread) = figures.rate_of_limit else { return Ok(()) };
        bar.fill(0.0, spread.median * 100.0, COLOURS[0])?;
        bar.whisker(spread.min * 100.0, spread.max * 100.0)
    })
}

/// CPU time a request, by part of the system.
fn cpu(figures: &[&Figures], file: &Path) -> Drawn {
    let parts: Vec<Group> = Group::ALL.into_iter().filter(|group| *group != Group::Driver).collect();
    let spent = |figures: &Figures| -> Vec<(Group, f64)> {
        let groups = figures.cpu.groups.iter().filter(|(group, _)| parts.contains(group));
        groups.map(|(group, spent)| (*group, *spent)).collect()
    };
    let most =
        figures.iter().map(|figures| spent(figures).iter().map(|(_, spent)| spent).sum()).fold(0.1, f64::max);
    bars(
        "CPU time of a request, in ms, by part of the system",
        figures,
        most,
        &parts,
        file,
        |figures, bar| {
            let mut from = 0.0;
            for (group, spent) in spent(figures) {
                bar.fill(from, from + spent, colour(group))?;
                from += spent;
            }
            Ok(())
        },
    )
}

fn colour(group: Group) -> RGBColor {
    COLOURS[group as usize % COLOURS.len()]
}

/// One row of a plot of bars.
struct Bar<'a, 'b> {
    area: &'a Area<'b>,
    top: i32,
    /// Pixels a unit.
    scale: f64,
}

impl Bar<'_, '_> {
    fn x(&self, value: f64) -> i32 {
        NAMES as i32 + (value * self.scale) as i32
    }

    fn fill(&self, from: f64, to: f64, colour: RGBColor) -> Drawn {
        let corners = [(self.x(from), self.top + 6), (self.x(to), self.top + ROW as i32 - 8)];
        Ok(self.area.draw(&Rectangle::new(corners, colour.filled()))?)
    }

    fn whisker(&self, from: f64, to: f64) -> Drawn {
        let middle = self.top + ROW as i32 / 2 - 1;
        Ok(self
            .area
            .draw(&PathElement::new([(self.x(from), middle), (self.x(to), middle)], BLACK.stroke_width(2)))?)
    }
}

fn bars(
    title: &str,
    figures: &[&Figures],
    most: f64,
    legend: &[Group],
    file: &Path,
    draw: impl Fn(&Figures, &Bar<'_, '_>) -> Drawn,
) -> Drawn {
    let height = ROW * (figures.len() as u32 + 3 + if legend.is_empty() { 0 } else { 4 });
    let area = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    area.draw(&Text::new(title.to_owned(), (10, 12), ("sans-serif", 20).into_font()))?;
    let scale = f64::from(WIDTH - NAMES - 60) / most;
    let mut top = ROW as i32 + 10;
    for row in figures {
        area.draw(&Text::new(row.name.title().to_owned(), (10, top + 9), TEXT.into_font()))?;
        draw(row, &Bar { area: &area, top, scale })?;
        top += ROW as i32;
    }
    for step in 0..=4 {
        let value = most * f64::from(step) / 4.0;
        let x = NAMES as i32 + (value * scale) as i32;
        area.draw(&PathElement::new([(x, ROW as i32 + 8), (x, top)], BLACK.mix(0.2)))?;
        let label = if most < 20.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        area.draw(&Text::new(label, (x - 8, top + 4), TEXT.into_font()))?;
    }
    explain(legend, &area, top + ROW as i32)?;
    Ok(area.present()?)
}

/// Which colour is whose.
fn explain(legend: &[Group], area: &Area<'_>, top: i32) -> Drawn {
    for (index, &group) in legend.iter().enumerate() {
        let (x, y) = (10 + (index as i32 % 3) * 290, top + (index as i32 / 3) * 24);
        area.draw(&Rectangle::new([(x, y), (x + 14, y + 14)], colour(group).filled()))?;
        area.draw(&Text::new(group.title(), (x + 20, y + 2), TEXT.into_font()))?;
    }
    Ok(())
}

/// Each scenario's whole distribution.
fn latency(figures: &[&Figures], file: &Path) -> Drawn {
    let area = SVGBackend::new(file, (WIDTH, 520)).into_drawing_area();
    area.fill(&WHITE)?;
    let points =
        || figures.iter().flat_map(|figures| &figures.latency.distribution).map(|(_, millis)| *millis);
    let most = points().fold(1.0, f64::max) * 1.1;
    let least = points().fold(most, f64::min).clamp(0.1, most / 2.0);
    let mut chart = ChartBuilder::on(&area)
        .caption("Latency by part of the requests, in ms, as they come", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..1.0, (least..most).log_scale())?;
    chart
        .configure_mesh()
        .label_style(TEXT)
        .x_label_formatter(&|part| format!("{:.0} %", part * 100.0))
        .draw()?;
    for (index, figures) in figures.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let curve =
            figures.latency.distribution.iter().map(|(quantile, millis)| (*quantile, millis.max(least)));
        chart
            .draw_series(LineSeries::new(curve, colour.stroke_width(2)))?
            .label(figures.name.title())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .label_font(TEXT)
        .draw()?;
    Ok(area.present()?)
}
