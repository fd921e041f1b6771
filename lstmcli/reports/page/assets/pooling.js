// Combines the states of a text, (steps, width), into one vector, as `lstmcli/models/pooling.py` does.

const POOLINGS = {
  // Forward at the end of the text, backward at its start.
  last(states, _weights, size) {
    const pooled = states[0].slice();
    pooled.set(states.at(-1).subarray(0, size));
    return pooled;
  },

  mean(states) {
    return weightedMean(states, states.map(() => 1));
  },

  max(states) {
    return states[0].map((_, at) => Math.max(...states.map((state) => state[at])));
  },

  attention(states, weights) {
    return weightedMean(states, attentionWeights(states, weights));
  },
};

// Softmax over the steps of v · tanh(A h[t] + b).
function attentionWeights(states, weights) {
  const scores = states.map((state) => {
    const hidden = Float32Array.from(weights["projection.bias"]);
    addProduct(hidden, weights["projection.weight"], state);
    return hidden.reduce((sum, value, at) => sum + Math.tanh(value) * weights["query.weight"][at], 0);
  });
  return softmax(scores);
}

function weightedMean(states, weights) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const pooled = new Float64Array(states[0].length);
  states.forEach((state, step) => {
    for (let at = 0; at < pooled.length; at++) pooled[at] += state[at] * weights[step];
  });
  return Float32Array.from(pooled, (sum) => sum / total);
}

function softmax(scores) {
  const highest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const exponentials = scores.map((score) => Math.exp(score - highest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}
