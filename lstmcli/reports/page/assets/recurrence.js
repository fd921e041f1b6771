// One direction of a recurrent layer, as `lstmcli/models/cells` defines the three cells.
// Gates come in the order input, forget, candidate, output; the plain network has only its state.

class Direction {
  constructor(weights, cell, size) {
    Object.assign(this, weights);  // weight_input, weight_hidden, and bias and weight_cell if the cell has them
    this.size = size;
    this.isPlain = cell === "rnn";
    this.width = this.weight_hidden.length / size;
  }

  // W x + b, the input part of all gates.
  project(input) {
    const projected = new Float32Array(this.width);
    addProduct(projected, this.weight_input, input);
    if (this.bias) for (let at = 0; at < this.width; at++) projected[at] += this.bias[at];
    return projected;
  }

  // Read the steps of one piece, given as projected inputs in the order of the text. The states are in the same order.
  // `trace` takes the gates and cells of each step, if it is given.
  run(projected, isBackward, trace) {
    const states = Array(projected.length);
    let hidden = new Float32Array(this.size), cell = new Float32Array(this.size);
    for (let number = 0; number < projected.length; number++) {
      const step = isBackward ? projected.length - 1 - number : number;
      const gates = projected[step].slice();
      if (number) addProduct(gates, this.weight_hidden, hidden);
      if (this.isPlain) hidden = gates.map(Math.tanh);
      else [hidden, cell] = this.memoryStep(gates, cell);
      states[step] = hidden;
      if (trace) trace[step] = { gates, cell, hidden };
    }
    return states;
  }

  memoryStep(gates, before) {
    const { size } = this;
    const cell = new Float32Array(size), hidden = new Float32Array(size);
    for (let unit = 0; unit < size; unit++) {
      gates[unit] = sigmoid(gates[unit]);
      gates[size + unit] = sigmoid(gates[size + unit]);
      gates[2 * size + unit] = Math.tanh(gates[2 * size + unit]);
      cell[unit] = gates[unit] * gates[2 * size + unit] + gates[size + unit] * before[unit];
    }
    const output = gates.subarray(3 * size);
    if (this.weight_cell) addProduct(output, this.weight_cell, cell);
    for (let unit = 0; unit < size; unit++) {
      output[unit] = sigmoid(output[unit]);
      hidden[unit] = output[unit] * Math.tanh(cell[unit]);
    }
    return [hidden, cell];
  }
}

const sigmoid = (value) => 1 / (1 + Math.exp(-value));

// Add matrix * vector to `sums`. Four sums at a time let the processor work on them in parallel.
function addProduct(sums, matrix, vector) {
  const size = vector.length, end = size - (size % 4);
  for (let row = 0, at = 0; row < sums.length; row++, at += size) {
    let first = 0, second = 0, third = 0, fourth = 0;
    for (let column = 0; column < end; column += 4) {
      first += matrix[at + column] * vector[column];
      second += matrix[at + column + 1] * vector[column + 1];
      third += matrix[at + column + 2] * vector[column + 2];
      fourth += matrix[at + column + 3] * vector[column + 3];
    }
    for (let column = end; column < size; column++) first += matrix[at + column] * vector[column];
    sums[row] += first + second + third + fourth;
  }
}
