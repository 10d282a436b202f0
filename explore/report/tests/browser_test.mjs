// node browser_test.mjs PARTITA MAKE_STORE FOLDER: the report's page in a real browser. Exit code 77: there is none.
//
// Writes reports of made runs to FOLDER, and pictures of the page, to be looked at: light.png, dark.png, print.png.

import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join, resolve} from "node:path";
import {pathToFileURL} from "node:url";
import {Browser, findChromium} from "./browser.mjs";

const [partita, makeStore, folder] = process.argv.slice(2).map((path) => resolve(path));
const chromium = findChromium();
function skip(reason) {
    console.log(`skipped: ${reason}`);
    process.exit(77);
}
if (!chromium) skip("there is no chromium (./dev setup browser)");

// Stores lie in memory where that is a folder: ten thousand runs are as many commits, each of which waits for a disk.
const scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "partita-report-"));
process.on("exit", () => rmSync(scratch, {recursive: true, force: true}));

// Returns the report's folder.
function report(name, runs) {
    const store = join(scratch, `${name}.sqlite`);
    execFileSync(makeStore, [store, String(runs)]);
    try {
        execFileSync(partita, ["report", store, "--out", join(folder, name)], {stdio: ["ignore", "ignore", "pipe"]});
    } catch (error) {
        if (!String(error.stderr).includes("built without the report's page")) throw error;
        skip("this build has no page (./dev setup report)");
    }
    return join(folder, name);
}

// The rows of a figure's CSV, whose cells need no quotes but for labels and commands at their end.
function csvRows(path) {
    const [header, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
    const columns = header.split(",");
    return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i], cell])));
}

const shown = (figure) => `Number(document.querySelector("#${figure}").dataset.rows)`;
const drawn = "document.body.dataset.drawn === String(document.querySelectorAll('figure').length)";
const tick = (name, value) => `document.querySelector('#filters input[name="${name}"][value="${value}"]')`;

async function everyFigureIsDrawn(browser, path) {
    await browser.go(pathToFileURL(join(path, "index.html")));
    await browser.until(drawn);
    const figures = await browser.value(`[...document.querySelectorAll("figure")].map((figure) => ({name: figure.id,
    marks: figure.querySelectorAll('[aria-label="dot"] circle, [aria-label="bar"] rect').length,
    rows: Number(figure.dataset.rows), legend: figure.querySelector(".legend").textContent}))`);
    assert.deepEqual(
        figures.map((figure) => figure.name),
        [
            "latency",
            "memory",
            "pareto-memory",
            "pareto-resources",
            "functions-published",
            "functions-train",
            "scaling",
            "utilisation",
            "compression-resources",
            "compression-loss",
            "resources",
            "validation",
        ],
    );
    for (const {name, marks, rows} of figures) {
        assert.equal(rows, csvRows(join(path, `${name}.csv`)).length, `${name} shows all rows of its CSV`);
        assert.ok(marks > 0 && marks >= Math.min(rows, 8), `${name} has ${marks} marks for ${rows} rows`);
        assert.match(readFileSync(join(path, `${name}.svg`), "utf8"), /^<svg [^]*<\/svg>\n$/);
    }
}

async function filtersWork(browser, path) {
    const rows = csvRows(join(path, "latency.csv"));
    await browser.click(await browser.place(tick("parts", 1)));
    await browser.until(`${drawn} && ${shown("latency")} < ${rows.length}`);
    const withoutOne = rows.filter((row) => row.parts !== "1");
    assert.equal(await browser.value(shown("latency")), withoutOne.length);
    await browser.click(await browser.place(tick("precision", "mixed")));
    await browser.click(await browser.place(tick("chip", "ms8-c8")));
    await browser.until(drawn);
    const left = withoutOne.filter((row) => row.precision !== "mixed" && row.chip !== "ms8-c8");
    await browser.until(`${shown("latency")} === ${left.length}`);
    // A figure of which nothing is left says so.
    for (const program of ["train", "published"]) await browser.click(await browser.place(tick("program", program)));
    await browser.until(`${drawn} && document.querySelector("#utilisation .empty") !== null`);
    await browser.click(await browser.place(`document.querySelector("#filters button")`));
    await browser.until(`${drawn} && ${shown("latency")} === ${rows.length}`);
}

async function pointsAnswer(browser) {
    const figure = `document.querySelector("#pareto-memory")`;
    const dot = await browser.place(`${figure}.querySelector('[aria-label="dot"] circle')`);
    await browser.move({x: dot.x + 1, y: dot.y + 1});
    await browser.until(`${figure}.querySelector('[aria-label="tip"] text') !== null`);
    assert.match(
        await browser.value(`${figure}.querySelector('[aria-label="tip"]').textContent`),
        /ms[48]-c[1248], train, K = \d+/,
    );
    await browser.click(dot);
    await browser.until(`${figure}.querySelector(".chosen code") !== null`);
    const label = await browser.value(`${figure}.querySelector(".chosen").textContent`);
    const parts = /K = (\d+)/.exec(label)[1];
    assert.match(
        label,
        new RegExp(`partita simulate --chip chips/ms[48]-c[1248].toml --program train --parts ${parts} --steps 784`),
    );

    // Away, or the pointer is in the figure that comes into sight.
    await browser.move({x: 1, y: 1});
    await browser.value(`document.querySelector("#latency .plot").focus()`);
    const pointed = `document.querySelector("#latency .plot").dataset.pointed`;
    await browser.press("ArrowRight");
    await browser.until(`Boolean(${pointed})`);
    assert.match(await browser.value(pointed), /K = 1\b/, "from the left");
    await browser.press("ArrowLeft");
    await browser.until(`/K = 56/.test(${pointed})`); // around to the last
    await browser.press("Enter");
    await browser.until(`document.querySelector("#latency .chosen").textContent.startsWith(${pointed})`);
    await browser.press("Escape");
    await browser.until(`!${pointed}`);
}

async function looksAsItShould(browser) {
    await browser.value("scrollTo(0, 0)");
    const paper = "getComputedStyle(document.body).backgroundColor";
    writeFileSync(join(folder, "light.png"), await browser.picture());
    assert.equal(await browser.value(paper), "rgb(255, 255, 255)");
    await browser.send("Emulation.setEmulatedMedia", {features: [{name: "prefers-color-scheme", value: "dark"}]});
    writeFileSync(join(folder, "dark.png"), await browser.picture());
    assert.equal(await browser.value(paper), "rgb(20, 24, 27)");
    await browser.send("Emulation.setEmulatedMedia", {
        media: "print",
        features: [{name: "prefers-color-scheme", value: "dark"}],
    });
    writeFileSync(join(folder, "print.png"), await browser.picture());
    assert.equal(await browser.value(paper), "rgb(255, 255, 255)", "paper is white");
    for (const unprinted of ["#filters", "#contents", ".tools"]) {
        assert.equal(await browser.value(`getComputedStyle(document.querySelector("${unprinted}")).display`), "none");
    }
    await browser.send("Emulation.setEmulatedMedia", {});
}

// The figures in sight do not wait for the others. The times, from the beginning of the navigation, are printed, not
// checked: other programs may have the processor.
async function figuresInSightComeFirst(browser, path) {
    for (let i = 0; i < 3; ++i) {
        await browser.go("about:blank");
        await browser.go(pathToFileURL(join(path, "index.html")));
        await browser.until(drawn, 20);
        const {opened, complete} = await browser.value(
            "({opened: Number(document.body.dataset.opened), complete: Number(document.body.dataset.complete)})",
        );
        console.log(`10000 runs: in sight after ${opened} ms, all figures after ${complete} ms`);
        assert.ok(opened > 0 && opened < complete);
    }
    assert.match(await browser.value("document.getElementById('summary').textContent"), /^10000 runs on/);
}

// Of many chips names are typed.
async function chipsAreFoundByName(browser, path) {
    const rows = csvRows(join(path, "utilisation.csv"));
    await browser.value(`document.querySelector('#filters input[name="chip"]').focus()`);
    await browser.send("Input.insertText", {text: "ms8-c4 =132096"});
    const left = rows.filter((row) => row.chip.includes("ms8-c4") && row.chip.includes("=132096")).length;
    assert.ok(left > 0 && left < rows.length);
    await browser.until(`${drawn} && ${shown("utilisation")} === ${left}`);
}

rmSync(folder, {recursive: true, force: true});
mkdirSync(folder, {recursive: true});
const small = report("small", 288);
const browser = new Browser(chromium);
try {
    await browser.open(1200, 900);
    await everyFigureIsDrawn(browser, small);
    await filtersWork(browser, small);
    await pointsAnswer(browser);
    await looksAsItShould(browser);
    const large = report("large", 10000);
    await figuresInSightComeFirst(browser, large);
    await chipsAreFoundByName(browser, large);
    assert.deepEqual(browser.problems, [], "nothing is written to the console");
} finally {
    await browser.close();
}
console.log("the page works");
