// SPDX-License-Identifier: GPL-2.0-only
// axe's findings, one line each. Two kinds of text are left out of what axe cannot
// decide, as others decide it: SVG text (to axe every svg is an image), and what is
// scrolled out of a box (a wider window shows it).
async () => {
	axe.configure({checks: [{
		id: "color-contrast",
		// a single digit is text, and large text no exception
		options: {ignoreLength: true, contrastRatio: {large: {expected: 4.5}}},
	}]});
	const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
	const answer = await axe.run({runOnly: tags, resultTypes: ["violations", "incomplete"]});
	// Scrolled out of a box of its own, in part at least: axe calls it obscured.
	const isScrolledOut = (element) => {
		const {left, right, top, bottom} = element.getBoundingClientRect();
		for (let box = element.parentElement; box; box = box.parentElement) {
			const edge = box.getBoundingClientRect();
			const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
			if (scrolls && /auto|scroll/.test(getComputedStyle(box).overflow) && (left < edge.left ||
			    right > edge.right || top < edge.top || bottom > edge.bottom))
				return true;
		}
		return false;
	};
	const isElsewhere = (rule, node) => {
		const element = document.querySelector(node.target[0]);
		return rule.id === "color-contrast" && element &&
			(element.closest("svg text") || isScrolledOut(element));
	};
	const say = (rule, node, word) => {
		const checks = [...node.any, ...node.all, ...node.none];
		const why = checks.map((check) => check.message).join("; ");
		return `${rule.id}${word}: ${node.target[0]}: ${why || rule.help}`;
	};
	const of = (rules, word, counts) => rules.flatMap((rule) => rule.nodes
		.filter((node) => counts(rule, node))
		.map((node) => say(rule, node, word)));
	const roots = [document.documentElement, document.body];
	const bare = roots.every((root) =>
		getComputedStyle(root).backgroundColor === "rgba(0, 0, 0, 0)");
	return [
		// axe takes such a page for white, which in a dark scheme it is not
		...(bare ? ["no-background: html: without one its contrast is not known"] : []),
		...of(answer.violations, "", () => true),
		...of(answer.incomplete, " (undecided)", (rule, node) => !isElsewhere(rule, node)),
	];
}
