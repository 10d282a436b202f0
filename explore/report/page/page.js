// The page: reads its data, draws every figure, and draws them again when a filter changes.

import {distinct, draw, number, outline} from "./figure.js";
import {Filters} from "./filters.js";
import {followKeys} from "./keys.js";

const data = JSON.parse(document.getElementById("data").textContent);

// A column, with the texts that its indices stand for.
function cells(column) {
    return Array.isArray(column) ? column : column.at.map((i) => data.texts[i]);
}

function rowsOf(table) {
    const names = Object.keys(table);
    const columns = names.map((name) => cells(table[name]));
    return Array.from({length: columns[0]?.length ?? 0}, (_, row) => {
        const result = {};
        for (let i = 0; i < names.length; ++i) result[names[i]] = columns[i][row];
        return result;
    });
}

// Every value of the column in any figure.
function valuesOf(name) {
    const values = new Set();
    for (const {table} of data.charts) {
        const column = table[name];
        if (Array.isArray(column)) for (const value of column) values.add(value);
        else if (column) for (const i of new Set(column.at)) values.add(data.texts[i]);
    }
    return distinct(values);
}

function element(name, properties = {}, ...children) {
    const result = Object.assign(document.createElement(name), properties);
    result.append(...children);
    return result;
}

function save(name, type, text) {
    const link = element("a", {href: URL.createObjectURL(new Blob([text], {type})), download: name});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function csv(rows) {
    if (!rows.length) return "";
    const quoted = (value) => {
        const text = value === null || value === undefined ? "" : String(value);
        return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const columns = Object.keys(rows[0]);
    return (
        [columns, ...rows.map((row) => columns.map((column) => row[column]))]
            .map((cells) => cells.map(quoted).join(","))
            .join("\n") + "\n"
    );
}

class FigureOnPage {
    constructor(chart) {
        this.chart = chart;
        this.allRows = null; // made when they are drawn first
        this.shown = [];
        this.legend = element("div", {className: "legend"});
        this.plot = element("div", {className: "plot", tabIndex: 0});
        this.plot.setAttribute("role", "group");
        this.plot.setAttribute("aria-label", `${chart.title}. Arrow keys go from point to point.`);
        this.live = element("p", {className: "unseen"});
        this.live.setAttribute("aria-live", "polite");
        this.chosen = element("p", {className: "chosen"});
        this.note = element("span");
        this.table = element("div", {className: "table"});
        const details = element("details", {}, element("summary", {textContent: "Table"}), this.table);
        details.addEventListener("toggle", () => details.open && this.fillTable());
        this.details = details;
        const saveCsv = element("button", {type: "button", textContent: "Save CSV"});
        saveCsv.addEventListener("click", () => save(`${chart.name}.csv`, "text/csv", csv(this.shown)));
        const saveSvg = element("button", {type: "button", textContent: "Save SVG"});
        saveSvg.addEventListener("click", () => this.saveSvg());
        this.element = element(
            "figure",
            {id: chart.name},
            element("h2", {textContent: chart.title}),
            element("p", {textContent: chart.sentence}),
            this.legend,
            this.plot,
            this.live,
            this.chosen,
            element("div", {className: "tools"}, saveCsv, saveSvg, this.note, details),
        );
        followKeys(this.plot, () => this.choose());
        this.plot.addEventListener("click", () => this.choose());
    }

    get rows() {
        return (this.allRows ??= rowsOf(this.chart.table));
    }

    draw(filters, width) {
        const {chart} = this;
        const ofWorkload = this.rows.filter((row) => filters.isOfWorkload(row));
        const style = outline(chart, ofWorkload);
        this.shown = this.rows.filter((row) => filters.keeps(row));
        const {element: svg, note} = draw(chart, this.shown, style, width);
        this.legend.replaceChildren(
            ...(chart.colour_label ? [chart.colour_label] : []),
            ...[...style.colour].map(([value, colour]) => {
                const swatch = element("i");
                swatch.style.background = colour;
                return element("span", {}, swatch, value);
            }),
        );
        this.svg = svg;
        if (svg) {
            this.plot.replaceChildren(svg);
            svg.addEventListener("input", () => {
                this.pointed = svg.value ?? this.pointed;
                this.plot.dataset.pointed = svg.value?.label ?? "";
            });
        } else {
            this.plot.replaceChildren(
                element("p", {className: "empty", textContent: "Nothing of this is chosen by the filters."}),
            );
        }
        this.element.dataset.rows = this.shown.length;
        this.note.textContent = `${number(this.shown.length)} of ${number(this.rows.length)} rows. ${note}`;
        this.pointed = null;
        this.chosen.replaceChildren();
        if (this.details.open) this.fillTable();
    }

    choose() {
        const row = this.svg?.value ?? this.pointed;
        if (!row) return;
        this.live.textContent = row.label ?? "";
        this.chosen.replaceChildren(
            row.label ?? "",
            ...(row.command ? [": ", element("code", {textContent: row.command})] : []),
        );
    }

    fillTable() {
        const rows = this.shown.slice(0, 200);
        const columns = rows.length ? Object.keys(rows[0]).filter((column) => column !== "label") : [];
        const line = (cell, values) =>
            element(
                "tr",
                {},
                ...values.map((value) =>
                    element(cell, {textContent: typeof value === "number" ? number(value) : (value ?? "")}),
                ),
            );
        this.table.replaceChildren(
            element(
                "table",
                {},
                element("thead", {}, line("th", columns)),
                element(
                    "tbody",
                    {},
                    ...rows.map((row) =>
                        line(
                            "td",
                            columns.map((column) => row[column]),
                        ),
                    ),
                ),
            ),
        );
        if (this.shown.length > rows.length)
            this.table.append(element("p", {textContent: `The first ${rows.length} rows; the CSV has all.`}));
    }

    saveSvg() {
        if (!this.svg) return;
        const colours = getComputedStyle(document.documentElement);
        const copy = this.svg.cloneNode(true);
        copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
        copy.style.color = colours.getPropertyValue("--ink");
        copy.style.background = colours.getPropertyValue("--paper");
        const text = new XMLSerializer()
            .serializeToString(copy)
            .replace(/var\((--[\w-]+)\)/g, (all, name) => colours.getPropertyValue(name).trim() || all);
        save(`${this.chart.name}.svg`, "image/svg+xml", text);
    }
}

const figures = data.charts.map((chart) => new FigureOnPage(chart));
document.getElementById("summary").textContent = data.summary;
document.getElementById("figures").append(...figures.map((figure) => figure.element));
document
    .getElementById("contents")
    .append(...figures.map(({chart}) => element("a", {href: `#${chart.name}`, textContent: chart.title})));

const width = () => Math.max(320, Math.min(980, document.getElementById("figures").clientWidth));
let generation = 0;

// The first at once, the others when the browser has time: a change of filters shows where the reader looks.
function drawAll() {
    const mine = ++generation;
    const inSight = figures.filter(({element}) => {
        const box = element.getBoundingClientRect();
        return box.bottom > -200 && box.top < innerHeight + 200;
    });
    const order = [...inSight, ...figures.filter((figure) => !inSight.includes(figure))];
    const room = width();
    delete document.body.dataset.drawn;
    const next = () => {
        if (mine !== generation) return;
        const figure = order.shift();
        if (figure) {
            figure.draw(filters, room);
            if (order.length > figures.length - inSight.length) next();
            else {
                document.body.dataset.opened ??= String(Math.round(performance.now()));
                setTimeout(next);
            }
            return;
        }
        document.body.dataset.drawn = String(figures.length);
        document.body.dataset.complete ??= String(Math.round(performance.now()));
    };
    next();
    document.getElementById("shown").textContent = filters.isWhole() ? "" : "Some runs are hidden by the filters.";
}

const filters = new Filters(document.getElementById("filters"), valuesOf, data.references, data.workload, drawAll);
drawAll();

let resized = 0;
let drawnWidth = width();
addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(() => {
        if (width() !== drawnWidth && !matchMedia("print").matches) {
            drawnWidth = width();
            drawAll();
        }
    }, 200);
});
