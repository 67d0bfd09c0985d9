/** A small Llama with attention heads to tell apart, as a file for a {@link ServedCheckpoint}. */
import { gaussianMatrix } from "../support/random.ts";
import { encode, type TensorData } from "../support/safetensors.ts";

export const side = 64;
const heads = 4;
export const query = (layer: number): string => `model.layers.${layer}.self_attn.q_proj.weight`;
export const norm = "model.layers.0.input_layernorm.weight";
export const config = { model_type: "llama", num_attention_heads: heads, num_key_value_heads: 2, hidden_size: side };

/** Noise, with a strong direction in the rows of every head but the third. */
export function weight(rows: number, seed: number): TensorData {
  const matrix = gaussianMatrix(rows, side, seed, 0.02);
  for (let row = 0; row < rows; row++) {
    if (Math.floor((row * heads) / rows) === 2) continue;
    for (let column = 0; column < side; column++) {
      matrix[row * side + column]! += 0.03 * Math.sin(row + seed) * Math.cos(column * 0.7);
    }
  }
  return { dtype: "F32", shape: [rows, side], data: encode(matrix, "F32") };
}

export function llama(layers: number): Record<string, TensorData> {
  const tensors: Record<string, TensorData> = {};
  for (let layer = 0; layer < layers; layer++) {
    const block = `model.layers.${layer}`;
    const gains = Float64Array.from({ length: 2000 }, (_, index) => 1 + (index % 7) / 10);
    tensors[`${block}.input_layernorm.weight`] = { dtype: "F32", shape: [2000], data: encode(gains, "F32") };
    tensors[`${block}.self_attn.q_proj.weight`] = weight(side, 10 * layer + 1);
    tensors[`${block}.self_attn.k_proj.weight`] = weight(side / 2, 10 * layer + 2);
    tensors[`${block}.self_attn.v_proj.weight`] = weight(side / 2, 10 * layer + 3);
    tensors[`${block}.self_attn.o_proj.weight`] = weight(side, 10 * layer + 4);
    tensors[`${block}.mlp.up_proj.weight`] = weight(side, 10 * layer + 5);
  }
  return tensors;
}

/** The config of {@link adapter}. */
export const adapterConfig = { peft_type: "LORA", r: 8, lora_alpha: 16 };
export const updated = "base_model.model.model.layers.0.self_attn.q_proj";

/** A low-rank adapter of one weight, and a factor without its other. */
export function adapter(): Record<string, TensorData> {
  const factor = (rows: number, columns: number, seed: number): TensorData => {
    const matrix = gaussianMatrix(rows, columns, seed, 0.02);
    // The strength of its directions falls.
    const rank = Math.min(rows, columns);
    const scaled = matrix.map((entry, k) => entry / (1 + (rows === rank ? Math.floor(k / columns) : k % columns) ** 2));
    return { dtype: "F32", shape: [rows, columns], data: encode(scaled, "F32") };
  };
  return {
    [`${updated}.lora_A.weight`]: factor(8, side, 1),
    [`${updated}.lora_B.weight`]: factor(side, 8, 2),
    "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight": factor(8, side, 3),
  };
}
