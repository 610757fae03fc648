// SPDX-License-Identifier: GPL-2.0-only
// The element that has the focus, as one line; null when there is none, or when it
// had the focus before (window.visited): the round is complete.
() => {
	const element = document.activeElement;
	if (element === document.body || window.visited.has(element))
		return null;
	window.visited.add(element);
	const label = element.getAttribute("aria-label") ?? element.textContent;
	const words = label.trim().split(/\s+/).join(" ");
	return `${element.localName} ${words.slice(0, 60)}`.trim();
}
