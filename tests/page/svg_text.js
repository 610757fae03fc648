// SPDX-License-Identifier: GPL-2.0-only
// Every visible piece of text in an svg, as arguments of svg_text.Text. A piece is a
// text node: lines of one <text> can run into each other too.
() => {
	const SHAPES = "rect, path, circle, ellipse, polygon, polyline";
	const NOT_PAINTED = "defs, clipPath, mask, pattern, marker, symbol";
	const pixel = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});

	// What the browser makes of colours that are painted one over the other.
	const paint = (layers) => {
		for (const [colour, opacity] of layers) {
			pixel.globalAlpha = opacity;
			pixel.fillStyle = colour;
			pixel.fillRect(0, 0, 1, 1);
		}
		return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
	};
	// WCAG 2.2: relative luminance, contrast ratio.
	const luminance = (rgb) => {
		const [r, g, b] = rgb.map((value) => value / 255)
			.map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ratio = (one, other) => {
		const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
		return (light + 0.05) / (dark + 0.05);
	};

	const isVisible = (element) => element.checkVisibility({visibilityProperty: true});
	const isBefore = (shape, text) =>
		shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
	const ancestors = (element) =>
		element ? [...ancestors(element.parentElement), element] : [];
	const fill = (element) => {
		const style = getComputedStyle(element);
		const opacities = ancestors(element).map((above) => +getComputedStyle(above).opacity);
		return [style.fill, opacities.reduce((a, b) => a * b, +style.fillOpacity)];
	};
	const behind = (svg) =>
		ancestors(svg).map((above) => [getComputedStyle(above).backgroundColor, 1]);
	const covers = (shape, x, y) => shape.isPointInFill(
		new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse()));

	// The middle, and corners that are well inside: letters do not fill their box.
	const points = ({left, top, width, height}) =>
		[[1/2, 1/2], [1/8, 1/4], [7/8, 1/4], [1/8, 3/4], [7/8, 3/4]]
			.map(([x, y]) => [left + x * width, top + y * height]);

	// The worst of those points; NaN where a gradient or pattern has no one colour.
	const contrast = (element, box, svg) => {
		const shapes = [...svg.querySelectorAll(SHAPES)].filter((shape) =>
			!shape.closest(NOT_PAINTED) && isBefore(shape, element) && isVisible(shape));
		const own = fill(element);
		return Math.min(...points(box).map(([x, y]) => {
			const below = shapes.filter((shape) => covers(shape, x, y)).map(fill)
				.filter(([colour]) => colour !== "none");
			if ([own, ...below].some(([colour]) => colour.startsWith("url")))
				return NaN;
			const layers = [...behind(svg), ...below];
			return ratio(paint(layers), paint([...layers, own]));
		}));
	};

	const outermost = (element) => {
		const svg = element.closest("svg");
		return svg.ownerSVGElement ? outermost(svg.ownerSVGElement) : svg;
	};
	const edges = (box) => [box.left, box.top, box.right, box.bottom];
	const piece = (node) => {
		const element = node.parentElement;
		const range = document.createRange();
		range.selectNodeContents(node);
		const box = range.getBoundingClientRect();
		if (!node.data.trim() || !box.width || !isVisible(element))
			return [];
		const svg = outermost(element);
		return [{
			text: node.data.trim(),
			box: edges(box),
			svg: edges(svg.getBoundingClientRect()),
			contrast: contrast(element, box, svg),
		}];
	};
	const nodes = (text) => {
		const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
		const found = [];
		while (walker.nextNode())
			found.push(walker.currentNode);
		return found;
	};
	return [...document.querySelectorAll("svg text")].flatMap(nodes).flatMap(piece);
}
