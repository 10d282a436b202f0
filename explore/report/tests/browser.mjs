// Chromium as a test needs it: opened without a window, driven over a pipe by its DevTools protocol.

import {spawn} from "node:child_process";
import {accessSync, constants, mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {delimiter, join} from "node:path";

// The program, or null where there is none.
export function findChromium() {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
        for (const folder of (process.env.PATH ?? "").split(delimiter)) {
            try {
                accessSync(join(folder, name), constants.X_OK);
                return join(folder, name);
            } catch {
                // The next one.
            }
        }
    }
    return null;
}

export class Browser {
    #waiting = new Map();
    #next = 0;
    #text = "";

    constructor(program) {
        this.problems = []; // what pages wrote to the console as warnings or errors, and what they threw
        this.profile = mkdtempSync(join(tmpdir(), "partita-browser-"));
        const own = [
            "--headless",
            "--remote-debugging-pipe",
            "--no-first-run",
            "--disable-gpu",
            "--disable-extensions",
            "--disable-background-networking",
            "--disable-component-update",
            "--hide-scrollbars",
            `--user-data-dir=${this.profile}`,
        ];
        if (process.getuid?.() === 0) own.push("--no-sandbox"); // which root cannot have
        this.process = spawn(program, [...own, "about:blank"], {
            stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
        });
        this.ended = new Promise((resolve) => this.process.on("exit", resolve));
        this.process.stdio[4].on("data", (chunk) => this.#read(chunk));
    }

    #read(chunk) {
        this.#text += chunk;
        const messages = this.#text.split("\0");
        this.#text = messages.pop();
        for (const message of messages.map((text) => JSON.parse(text))) {
            if (message.id !== undefined) {
                const {resolve, reject} = this.#waiting.get(message.id);
                this.#waiting.delete(message.id);
                if (message.error) reject(new Error(message.error.message));
                else resolve(message.result);
            } else {
                this.#event(message);
            }
        }
    }

    #event({method, params}) {
        if (method === "Runtime.exceptionThrown") {
            this.problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
        } else if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params.type)) {
            this.problems.push(params.args.map((value) => value.value ?? value.description).join(" "));
        } else if (method === "Log.entryAdded" && ["error", "warning"].includes(params.entry.level)) {
            this.problems.push(params.entry.text);
        }
    }

    send(method, params = {}) {
        const id = ++this.#next;
        const answer = new Promise((resolve, reject) => this.#waiting.set(id, {resolve, reject}));
        this.process.stdio[3].write(JSON.stringify({id, method, params, sessionId: this.session}) + "\0");
        return answer;
    }

    // A page of its own, of this size.
    async open(width, height) {
        const {targetId} = await this.send("Target.createTarget", {url: "about:blank"});
        const {sessionId} = await this.send("Target.attachToTarget", {targetId, flatten: true});
        this.session = sessionId;
        for (const domain of ["Page", "Runtime", "Log"]) await this.send(`${domain}.enable`);
        await this.send("Emulation.setDeviceMetricsOverride", {width, height, deviceScaleFactor: 1, mobile: false});
    }

    go(url) {
        return this.send("Page.navigate", {url});
    }

    // The value of an expression in the page; of a promise what it comes to.
    async value(expression) {
        const {result, exceptionDetails} = await this.send("Runtime.evaluate", {
            expression,
            returnByValue: true,
            awaitPromise: true,
        });
        if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
        return result.value;
    }

    async until(expression, seconds = 10) {
        const end = Date.now() + 1000 * seconds;
        while (!(await this.value(expression).catch(() => false))) {
            if (Date.now() > end) throw new Error(`after ${seconds} s this is not so: ${expression}`);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }

    // The middle of the element that the expression finds, scrolled into sight.
    place(element) {
        return this
            .value(`(() => { const e = ${element}; e.scrollIntoView({block: "center"}); const box = e.getBoundingClientRect();
                       return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })()`);
    }
    async move(place) {
        await this.send("Input.dispatchMouseEvent", {type: "mouseMoved", ...place});
    }
    async click(place) {
        await this.move(place);
        for (const type of ["mousePressed", "mouseReleased"]) {
            await this.send("Input.dispatchMouseEvent", {type, ...place, button: "left", clickCount: 1});
        }
    }
    async press(key) {
        const text = key === "Enter" ? "\r" : undefined;
        await this.send("Input.dispatchKeyEvent", {
            type: "keyDown",
            key,
            code: key,
            text,
            windowsVirtualKeyCode: {Enter: 13, ArrowRight: 39, ArrowLeft: 37, Escape: 27}[key],
        });
        await this.send("Input.dispatchKeyEvent", {type: "keyUp", key, code: key});
    }

    async picture() {
        const {data} = await this.send("Page.captureScreenshot", {format: "png", captureBeyondViewport: true});
        return Buffer.from(data, "base64");
    }

    async close() {
        await this.send("Browser.close").catch(() => {});
        await this.ended;
        rmSync(this.profile, {recursive: true, force: true, maxRetries: 5});
    }
}
