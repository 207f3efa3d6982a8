// Schemas of all ops. Implementations: cpu/*.cpp and cuda/*.cu; meaning, fake kernels and gradients: engine/ops.
#include <torch/csrc/stable/library.h>

STABLE_TORCH_LIBRARY(seamseg, m) {
  // Greedy suppression in G independent groups at once, among boxes of one category where categories are given.
  // keep is padded with -1; count says how many are valid.
  m.def(
      "nms(Tensor boxes_GN4, Tensor scores_GN, Tensor? categories_GN, float threshold, int max_keep, "
      "float? score_threshold) -> (Tensor keep_GK, Tensor count_G)");

  // One sample per bin from the level of each box. An image size of 0 says that boxes are in pixels of their level.
  m.def(
      "pyramid_sampling(Tensor[] levels, Tensor boxes_N4, Tensor batch_index_N, Tensor level_N, int[] out_size, "
      "int[] image_size, bool nearest, bool zero_padding) -> Tensor");
  // sizes: B, C, then height and width of each level. Sums in float32 (float64 for float64).
  m.def(
      "pyramid_sampling_backward(Tensor dy, Tensor boxes_N4, Tensor batch_index_N, Tensor level_N, int[] sizes, "
      "int[] image_size, bool nearest, bool zero_padding, bool channels_last) -> Tensor[]");

  // Activation: 0 identity, 1 leaky ReLU, 2 ELU.
  m.def("abn_statistics(Tensor x) -> (Tensor mean_C, Tensor var_C)");
  m.def(
      "abn_apply(Tensor x, Tensor mean_C, Tensor var_C, Tensor weight_C, Tensor bias_C, float eps, float weight_eps, "
      "int activation, float slope) -> Tensor");
  m.def(
      "abn_sums(Tensor y, Tensor dy, Tensor weight_C, Tensor bias_C, float weight_eps, int activation, float slope) -> "
      "(Tensor sum_C, Tensor weighted_sum_C)");
  m.def(
      "abn_gradient(Tensor y, Tensor dy, Tensor var_C, Tensor weight_C, Tensor bias_C, Tensor sum_C, "
      "Tensor weighted_sum_C, float num, float eps, float weight_eps, int activation, float slope) -> Tensor");

  m.def("extract_boxes(Tensor ids_HW, int num_ids) -> Tensor");
  m.def("mask_counts(Tensor boxes_N4, Tensor mask_HW) -> Tensor");
  // A height of -1 says that the result is not cut to an image.
  m.def("shift_boxes(Tensor boxes_N4, Tensor shifts_N4, float height, float width) -> Tensor");
  m.def("box_shifts(Tensor source_N4, Tensor target_N4) -> Tensor");

  // Per-segment results are padded; count says how many are valid.
  m.def(
      "panoptic_fusion(Tensor semantic_HW, Tensor boxes_N4, Tensor categories_N, Tensor scores_N, "
      "Tensor mask_logits_NMM, int num_stuff, float score_threshold, float overlap_threshold, float min_stuff_area) -> "
      "(Tensor ids_HW, Tensor categories_S, Tensor scores_S, Tensor is_crowd_S, Tensor count)");

  // second and margin are empty unless asked for.
  m.def(
      "best_categories(Tensor logits_KHW, int height, int width, bool with_second) -> "
      "(Tensor best_HW, Tensor second_HW, Tensor margin_HW)");
}
