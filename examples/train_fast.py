"""Train the classic network in about a second, then use its model file without PyTorch.

python examples/train_fast.py
"""

import digits

run = digits.train("fast", seed=1)
low, high = run.scores["test"].interval95
print(f"test accuracy {run.scores['test'].accuracy:.2%}, 95 % interval {low:.2%} to {high:.2%}")

model = digits.load_model(run.folder)  # the folder's model.onnx
test = run.dataset.test
predicted = model.predict(test.images)
confidence = model.predict_proba(test.images).max(axis=1)

print("the most confident errors:")
wrong = (predicted != test.labels).nonzero()[0]
for index in wrong[confidence[wrong].argsort()[::-1]][:5]:
    print(f"  test digit {index}: {predicted[index]} with {confidence[index]:.1%}, but it is a {test.labels[index]}")
