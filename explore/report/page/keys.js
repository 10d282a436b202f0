// The keyboard in a figure: arrow keys go from point to point, as the pointer would.

// `choose` is called on Enter and Space.
export function followKeys(plot, choose) {
    let at = -1;
    let svg = null;
    let points = [];

    const collect = () => {
        svg = plot.querySelector("svg");
        const middle = (shape) => {
            const box = shape.getBoundingClientRect();
            return {x: box.x + box.width / 2, y: box.y + box.height / 2};
        };
        const from = svg.getBoundingClientRect();
        points = [...svg.querySelectorAll('[aria-label="dot"] :is(circle, path), [aria-label="bar"] rect')]
            .map(middle)
            .map(({x, y}) => ({x: x - from.x, y: y - from.y}))
            .sort((a, b) => a.x - b.x || a.y - b.y);
        at = -1;
    };

    const point = () => {
        const from = svg.getBoundingClientRect();
        svg.dispatchEvent(
            new PointerEvent("pointermove", {
                clientX: from.x + points[at].x,
                clientY: from.y + points[at].y,
                pointerType: "mouse",
                bubbles: true,
            }),
        );
    };

    plot.addEventListener("keydown", (event) => {
        const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
        if (step) {
            if (plot.querySelector("svg") !== svg) {
                if (!plot.querySelector("svg")) return;
                collect();
            }
            if (!points.length) return;
            at = at < 0 ? (step > 0 ? 0 : points.length - 1) : (at + step + points.length) % points.length;
            point();
            event.preventDefault();
        } else if (event.key === "Enter" || event.key === " ") {
            choose();
            event.preventDefault();
        } else if (event.key === "Escape" && svg) {
            svg.dispatchEvent(new PointerEvent("pointerleave", {pointerType: "mouse"}));
            at = -1;
        }
    });
}
