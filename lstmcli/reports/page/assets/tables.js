// Reads the tables of the page: base 91, deflate, planes of bytes. See `encoding.py`.

function fromBase91(text, alphabet) {
  const values = new Uint8Array(128);
  for (let at = 0; at < alphabet.length; at++) values[alphabet.charCodeAt(at)] = at;
  const bytes = new Uint8Array(Math.floor((text.length / 2) * 13 / 8));
  let bits = 0, held = 0, end = 0;
  for (let at = 0; at < text.length; at += 2) {
    bits |= (values[text.charCodeAt(at)] + alphabet.length * values[text.charCodeAt(at + 1)]) << held;
    held += 13;
    while (held >= 8) {
      if (end < bytes.length) bytes[end++] = bits & 255;
      bits >>>= 8;
      held -= 8;
    }
  }
  return bytes;
}

// What follows the compressed bytes is padding, which DecompressionStream would refuse: `size` says where they end.
async function inflated(bytes, size) {
  const stream = new Blob([bytes.subarray(0, size)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function numbersOf(bytes) {
  const count = bytes.length / 4;
  const numbers = new Uint32Array(count);
  for (let plane = 0; plane < 4; plane++) {
    const start = plane * count;
    for (let at = 0; at < count; at++) numbers[at] |= bytes[start + at] << (8 * plane);
  }
  return numbers;
}

const floatsOf = (bytes) => new Float32Array(numbersOf(bytes).buffer);

// Signed integers, given column after column, as rows of `columns` floats.
function rowsOf(bytes, columns, scaleOf) {
  const numbers = numbersOf(bytes);
  const count = numbers.length / columns;
  const rows = new Float32Array(numbers.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < count; row++) {
      const number = numbers[column * count + row];
      rows[row * columns + column] = ((number >>> 1) ^ -(number & 1)) * scaleOf(row);
    }
  }
  return rows;
}

// The tables by name. Their text is removed from the page, which would otherwise keep it in memory.
async function readTables(alphabet, sizes) {
  const tables = {};
  for (const [name, size] of Object.entries(sizes)) {
    const element = document.getElementById(`table-${name}`);
    tables[name] = await inflated(fromBase91(element.textContent, alphabet), size);
    element.remove();
  }
  return tables;
}
