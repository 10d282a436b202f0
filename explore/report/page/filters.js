// What the reader wants to see: a workload, and values of a few columns.

import {isElsewhere} from "./figure.js";

const columns = [
    ["parts", "K"],
    ["precision", "Precision"],
    ["mesh", "Mesh side"],
    ["cores", "Cores"],
    ["program", "Program"],
];
// Of more chips than this names are typed, not ticked.
const mostChips = 12;

export class Filters {
    // `valuesOf` gives every value of a column; `references` are platforms beside the chips; `changed` is called after each change.
    constructor(form, valuesOf, references, firstWorkload, changed) {
        this.form = form;
        this.off = new Map(); // column -> the values that are unticked
        this.words = [];
        this.workload = firstWorkload;
        const workloads = valuesOf("workload");
        if (workloads.length > 1) form.append(this.#choice(workloads, changed));
        for (const [column, title] of columns) {
            const values = valuesOf(column);
            if (values.length > 1) form.append(this.#ticks(column, title, values, changed));
        }
        const chips = valuesOf("chip").filter((chip) => !references.includes(chip));
        if (chips.length > mostChips) form.append(this.#search(chips, changed));
        else if (chips.length > 1) form.append(this.#ticks("chip", "Chip", chips, changed));
        const all = document.createElement("button");
        all.type = "button";
        all.textContent = "Show all";
        all.addEventListener("click", () => this.reset(changed));
        form.append(all);
        form.addEventListener("submit", (event) => event.preventDefault());
    }

    keeps(row) {
        if (row.workload && row.workload !== this.workload) return false;
        for (const [column, off] of this.off) {
            if (off.size && !(column === "chip" && isElsewhere(row)) && off.has(String(row[column] ?? "")))
                return false;
        }
        const chip = row.chip ?? "";
        return !this.words.length || !chip || isElsewhere(row) || this.words.every((word) => chip.includes(word));
    }

    isWhole() {
        return !this.words.length && [...this.off.values()].every((off) => !off.size);
    }

    // Rows of the chosen workload, whatever else is unticked.
    isOfWorkload(row) {
        return !row.workload || row.workload === this.workload;
    }

    reset(changed) {
        for (const box of this.form.querySelectorAll("input[type=checkbox]")) box.checked = true;
        for (const field of this.form.querySelectorAll("input[type=search]")) field.value = "";
        this.off.clear();
        this.words = [];
        changed();
    }

    #ticks(column, title, values, changed) {
        const set = document.createElement("fieldset");
        set.append(Object.assign(document.createElement("legend"), {textContent: title}));
        for (const value of values) {
            const label = document.createElement("label");
            const box = Object.assign(document.createElement("input"), {
                type: "checkbox",
                checked: true,
                name: column,
                value: String(value),
            });
            box.addEventListener("change", () => {
                const off = this.off.get(column) ?? new Set();
                if (box.checked) off.delete(box.value);
                else off.add(box.value);
                this.off.set(column, off);
                changed();
            });
            label.append(box, String(value));
            set.append(label);
        }
        return set;
    }

    #choice(workloads, changed) {
        const label = Object.assign(document.createElement("label"), {className: "text"});
        const select = Object.assign(document.createElement("select"), {name: "workload"});
        for (const workload of workloads)
            select.append(new Option(workload, workload, false, workload === this.workload));
        select.addEventListener("change", () => {
            this.workload = select.value;
            changed();
        });
        label.append(Object.assign(document.createElement("b"), {textContent: "Workload"}), select);
        return label;
    }

    #search(chips, changed) {
        const label = Object.assign(document.createElement("label"), {className: "text"});
        const field = Object.assign(document.createElement("input"), {
            type: "search",
            name: "chip",
            placeholder: `part of a name, like ${chips[0]}`,
            size: 32,
        });
        let timer = 0;
        field.addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(() => {
                this.words = field.value.split(/\s+/).filter(Boolean);
                changed();
            }, 150);
        });
        label.append(Object.assign(document.createElement("b"), {textContent: "Chip"}), field);
        return label;
    }
}
