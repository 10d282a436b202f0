// A figure from its description and rows, by Observable Plot.

const colours = Array.from({length: 12}, (_, i) => `var(--c${i})`);
const mostPanels = 8,
    mostRows = 4,
    mostLines = 60;

// Numbers by size, then texts by name; nothing and "" are none.
export function distinct(values) {
    const all = [...new Set(values)].filter((value) => value !== null && value !== undefined && value !== "");
    const numbers = all.filter((value) => typeof value === "number").sort((a, b) => a - b);
    return [...numbers, ...all.filter((value) => typeof value !== "number").sort()];
}

// A range with some room at its ends, and the numbers in it that an axis names: of many decades 1, of few 1, 2 and 5, of
// less than one all.
function logarithmic(values) {
    const [least, most] = d3.extent(values);
    const room = least === most ? 1.5 : (most / least) ** 0.05;
    const [low, high] = [least / room, most * room];
    const decades = Math.log10(high / low);
    const named = decades > 2.5 ? [1] : decades > 0.75 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; ++power) {
        for (const times of named) {
            const value = Number((times * 10 ** power).toPrecision(12));
            if (value >= low && value <= high) ticks.push(value);
        }
    }
    return {domain: [low, high], ticks};
}

// Of rows with x and y, those that no other beats in both, by x.
export function undominated(rows, x, y) {
    const front = [];
    for (const row of [...rows].sort((a, b) => a[x] - b[x] || a[y] - b[y])) {
        if (!front.length || row[y] < front.at(-1)[y]) front.push(row);
    }
    return front;
}

// Of another platform than a chip.
export function isElsewhere(row) {
    return row.source === "reference" || row.source === "measured";
}

// What every drawing of the chart has in common, from all its rows of the workload: a filter moves no colour.
export function outline(chart, rows) {
    const own = rows.filter((row) => !isElsewhere(row));
    const domain = chart.colour ? distinct(own.map((row) => row[chart.colour])).map(String) : [];
    return {colour: new Map(domain.map((value, i) => [value, colours[i % colours.length]]))};
}

const [short, long] = [4, 12].map(
    (maximumSignificantDigits) => new Intl.NumberFormat("en", {maximumSignificantDigits}),
);

export function number(value) {
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-3 || size >= 1e12)
        ? value.toExponential(3)
        : (size >= 1000 ? long : short).format(value);
}

function describe(chart, row) {
    const lines = [row.label ?? row.chip ?? ""];
    const show = (axis) => {
        const named = axis.label || axis.column;
        if (row[axis.column] !== null)
            lines.push(
                `${named}: ${typeof row[axis.column] === "number" ? number(row[axis.column]) : row[axis.column]}`,
            );
    };
    if (chart.mark === "bars" && chart.colour) lines.push(String(row[chart.colour]));
    if (chart.mark !== "lines" && chart.x.scale !== "category") show(chart.x);
    show(chart.y);
    if (row.bytes) lines.push(`${number(row.bytes)} bytes`);
    if (row.cycles) lines.push(`${number(row.cycles)} cycles`);
    if (row.amount) lines.push(`${number(row.amount)} ${row.resource}`);
    if (row.share) lines.push(`${number(100 * row.share)} % of the pass`);
    return lines.join("\n");
}

function scale(axis, rows, mark, isX) {
    const label = axis.label || null;
    if (axis.scale === "category") {
        const domain = distinct(rows.map((row) => row[axis.column]));
        const longest = Math.max(...domain.map((value) => String(value).length), 0);
        return {
            type: mark === "bars" ? "band" : "point",
            domain,
            label,
            tickFormat: String,
            padding: mark === "bars" ? 0.2 : 0.5,
            ...(longest > 9 ? {tickRotate: -35} : {}),
        };
    }
    if (axis.scale === "logarithmic") {
        const values = distinct(rows.map((row) => row[axis.column]));
        const {domain, ticks} = logarithmic(values);
        return {
            type: "log",
            label,
            grid: true,
            domain,
            ticks: axis.column === "cores" ? values : ticks,
            tickFormat: d3.format("~g"),
        };
    }
    return {label, grid: !isX, nice: true, zero: mark === "bars" || undefined};
}

// Published rows stand beside those of every program, other platforms in every panel.
function spread(chart, rows, panels, lines) {
    const places = (column, values, row) =>
        !column
            ? [null]
            : isElsewhere(row) || (row.source === "published" && column === "program")
              ? values
              : values.filter((value) => value === row[column]);
    return rows.flatMap((row) =>
        places(chart.panel, panels, row).flatMap((fx) =>
            places(chart.row, lines, row).map((fy) => ({...row, fx, fy})),
        ),
    );
}

// Of dots of one colour that cover each other, the first: thousands of elements take seconds.
function thinned(options) {
    return Plot.initializer(options, (data, facets, {x, y, fill}, scales) => {
        const place = (channel, i) => Math.round(scales[channel.scale](channel.value[i]));
        return {
            facets: facets.map((facet) => {
                const seen = new Set();
                return facet.filter((i) => {
                    const key = `${place(x, i)} ${place(y, i)} ${fill.value[i]}`;
                    return !seen.has(key) && seen.add(key);
                });
            }),
        };
    });
}

// Returns {element, rows, note}: the SVG, the rows in it and what was left out; `element` is null if there is nothing.
export function draw(chart, allRows, {colour}, width) {
    const {x, y} = chart;
    const usable = (row, axis) => row[axis.column] !== null && (axis.scale !== "logarithmic" || row[axis.column] > 0);
    let rows = allRows.filter((row) => usable(row, x) && usable(row, y));
    const own = rows.filter((row) => !isElsewhere(row));
    if (!own.length) return {element: null, rows: [], note: ""};
    let panels = chart.panel ? distinct(own.map((row) => row[chart.panel])) : [null];
    let lines = chart.row ? distinct(own.map((row) => row[chart.row])) : [null];
    const leftOut = Math.max(0, panels.length - mostPanels) + Math.max(0, lines.length - mostRows);
    panels = panels.slice(0, mostPanels);
    lines = lines.slice(0, mostRows);
    rows = spread(chart, rows, panels, lines);

    const position = {x: x.column, y: y.column, ...(chart.panel ? {fx: "fx"} : {}), ...(chart.row ? {fy: "fy"} : {})};
    const paint = (row) =>
        isElsewhere(row) ? "var(--grey)" : (colour.get(String(row[chart.colour])) ?? "var(--grey)");
    // Of stacked bars: as in the legend, from below.
    const names = [...colour.keys()];
    const order = (row) => names.indexOf(String(row[chart.colour]));
    const published = rows.filter((row) => row.source === "published");
    const elsewhere = rows.filter(isElsewhere);
    const references = elsewhere.filter((row) => row.source === "reference");
    const measured = elsewhere.filter((row) => row.source === "measured");
    const ours = rows.filter((row) => row.source !== "published" && !isElsewhere(row));
    const marks = [];
    const narrow = panels.length > 4; // no room for both names above a panel
    // Names of chips with settings are broken where they have no room in one line.
    const roomy = panels.every((fx) => `${chart.panel_label}${fx}`.length * 6.6 <= (width - 76) / panels.length);
    const nameLines = roomy ? 1 : Math.max(...panels.map((fx) => `${fx}`.split(" + ").length));
    if (chart.panel || chart.row) {
        const facet = {...(chart.panel ? {fx: "fx"} : {}), ...(chart.row ? {fy: "fy"} : {})};
        const name = ({fx, fy}) =>
            [fx !== null ? chart.panel_label + fx : "", fy !== null && !narrow ? chart.row_label + fy : ""]
                .filter(Boolean)
                .map((text) => (nameLines > 1 ? text.replaceAll(/ \+ (\w+\.)?/g, "\n") : text))
                .join(", ");
        const style = {...facet, fontWeight: 600, fontSize: 11, fill: "currentColor"};
        marks.push(
            Plot.text(
                panels.flatMap((fx) => lines.map((fy) => ({fx, fy}))),
                {...style, text: name, frameAnchor: "top-right", lineAnchor: "bottom", dy: -3},
            ),
        );
        if (narrow && chart.row) {
            marks.push(
                Plot.text(
                    lines.map((fy) => ({fx: panels.at(-1), fy})),
                    {
                        ...style,
                        text: ({fy}) => chart.row_label + fy,
                        frameAnchor: "right",
                        rotate: 90,
                        dx: 12,
                        textAnchor: "middle",
                    },
                ),
            );
        }
    }
    // A line goes through exact and estimated points.
    const line = (row) =>
        chart.line
            .map((column) => row[column] ?? "")
            .join("|")
            .replace("estimated", "simulated");
    if (chart.proportional) {
        const ends = panels.flatMap((fx) =>
            lines.flatMap((fy) =>
                distinct(own.map((row) => row[x.column])).map((value) => ({
                    [x.column]: value,
                    [y.column]: value,
                    fx,
                    fy,
                })),
            ),
        );
        const top = Math.max(...rows.map((row) => row[y.column]));
        marks.push(
            Plot.line(
                ends.filter((end) => end[y.column] <= Math.max(top, 1) * 1.05),
                {...position, stroke: "var(--grey)", strokeWidth: 0.75},
            ),
        );
    }
    if (chart.mark === "bars") {
        marks.push(Plot.barY(rows, {...position, fill: paint, order}));
        if (y.scale === "linear") marks.push(Plot.ruleY([0], {stroke: "var(--quiet)"}));
    } else {
        if (chart.mark === "lines") {
            const few = (some) => new Set(some.map(line)).size <= mostLines;
            const stroke = {...position, z: line, stroke: paint, sort: x.column};
            if (references.length) marks.push(Plot.line(references, {...stroke, strokeDasharray: "1 3"}));
            if (measured.length) marks.push(Plot.line(measured, {...stroke, strokeWidth: 1}));
            if (published.length && few(published))
                marks.push(Plot.line(published, {...stroke, strokeDasharray: "5 3"}));
            if (ours.length && few(ours)) marks.push(Plot.line(ours, {...stroke, strokeWidth: 1.75}));
            // Each at another point of its line, since lines may lie on each other.
            const named = [...d3.group(elsewhere, (row) => `${row.fx}|${row.fy}`).values()].flatMap((some) =>
                [...d3.group(some, line).values()].map((points, i) => ({
                    at: i % points.length,
                    last: points.length - 1,
                    ...d3.sort(points, (row) => row[x.column])[i % points.length],
                })),
            );
            const anchor = ({at, last}) => (at === 0 ? "start" : at === last ? "end" : "middle");
            for (const textAnchor of ["start", "middle", "end"]) {
                const some = named.filter((row) => anchor(row) === textAnchor);
                marks.push(
                    Plot.text(some, {
                        ...position,
                        text: (row) => row.chip.split(",")[0],
                        textAnchor,
                        dy: -7,
                        fontSize: 9.5,
                        fill: "var(--quiet)",
                    }),
                );
            }
        }
        if (chart.x.scale !== "category" || chart.mark === "dots")
            marks.push(Plot.ruleY(y.scale === "linear" ? [0] : [], {stroke: "var(--quiet)"}));
        const many = ours.length > 1500;
        const dots = many ? thinned : (options) => options;
        marks.push(
            Plot.dot([...references, ...published], {...position, r: 2.5, stroke: paint, fill: "var(--paper)"}),
        );
        const style = {...position, fill: paint, fillOpacity: many ? 0.5 : 0.9};
        const isEstimate = (row) => row.source === "estimated";
        const exact = [...ours.filter((row) => !isEstimate(row)), ...measured];
        marks.push(Plot.dot(exact, dots({...style, r: many ? 2 : 3.2})));
        marks.push(Plot.dot(ours.filter(isEstimate), dots({...style, r: many ? 2.2 : 3.6, symbol: "diamond"})));
        if (chart.front) {
            marks.push(
                Plot.line(undominated(ours, x.column, y.column), {
                    ...position,
                    stroke: "currentColor",
                    strokeWidth: 1.25,
                }),
            );
            marks.push(Plot.dot(undominated(ours, x.column, y.column), {...position, r: 5, stroke: "currentColor"}));
        }
    }
    const pointed = chart.mark === "bars" ? Plot.stackY({...position, order}) : position;
    marks.push(
        Plot.tip(
            rows,
            Plot.pointer({
                ...pointed,
                title: (row) => row,
                format: (row) => describe(chart, row), // only of the one that is shown
                maxRadius: 60,
            }),
        ),
    );

    const height = 46 + lines.length * (11 * (nameLines - 1) + (chart.mark === "bars" ? 230 : 270));
    const xScale = scale(x, rows, chart.mark, true);
    const element = Plot.plot({
        width,
        height,
        marks,
        marginLeft: 56,
        marginTop: 34 + 11 * (nameLines - 1),
        marginBottom: xScale.tickRotate ? 92 : 42,
        marginRight: 20,
        x: xScale,
        y: scale(y, rows, chart.mark, false),
        ...(chart.panel ? {fx: {axis: null, domain: panels, padding: 0.06}} : {}),
        ...(chart.row ? {fy: {axis: null, domain: lines, padding: 0.14 + 0.05 * (nameLines - 1)}} : {}),
        style: {background: "none"},
    });
    return {element, rows, note: leftOut ? `${leftOut} more panels are left out; filter to see them.` : ""};
}
