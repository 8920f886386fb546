"""Decode, detect, select, align, embed, score: the only place that imports insightface, onnxruntime and cv2."""
