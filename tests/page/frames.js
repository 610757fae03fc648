// SPDX-License-Identifier: GPL-2.0-only
// Names of a flame graph that are wider than their frame, and frames with two names.
() => [...document.querySelectorAll(".flame g")].flatMap((group) => {
	const frame = group.querySelector("rect").getBoundingClientRect();
	const shown = [...group.querySelectorAll("text")].filter((text) => text.checkVisibility());
	const wide = shown.filter((text) => {
		const box = text.getBoundingClientRect();
		return box.left < frame.left - 0.5 || box.right > frame.right + 0.5;
	});
	const twice = shown.length > 1 ? [`${shown.length} names in a frame`] : [];
	return [...wide.map((text) => `${text.textContent} is wider than its frame`), ...twice];
})
