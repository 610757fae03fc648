// SPDX-License-Identifier: GPL-2.0-only
// How many colours a PNG (in base64) has.
async (png) => {
	const image = new Image();
	image.src = `data:image/png;base64,${png}`;
	await image.decode();
	const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
	canvas.drawImage(image, 0, 0);
	const {data} = canvas.getImageData(0, 0, image.width, image.height);
	return new Set(new Uint32Array(data.buffer)).size;
}
