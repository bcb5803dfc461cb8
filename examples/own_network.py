"""Train a network of your own: any torch module from uint8[n, 28, 28] to logits float32[n, 10].

python examples/own_network.py
digits train --network examples/own_network.py:Convolutional    # the same, with any other flag
"""

from torch import Tensor, nn

import digits


class Convolutional(nn.Module):
    """Two convolutions and a linear layer: 5,386 weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=5, stride=2),  # [n, 8, 12, 12]
            nn.ReLU(),
            nn.Conv2d(8, 16, kernel_size=3, stride=2),  # [n, 16, 5, 5]
            nn.ReLU(),
            nn.Flatten(),  # [n, 400]
            nn.Linear(400, 10),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Normalize the pixels and return the logits."""
        return self.layers((images.float() / 255 - 0.1307).unsqueeze(1) / 0.3081)


if __name__ == "__main__":
    run = digits.train("classic", network=f"{__file__}:Convolutional", epochs=2, lr=0.003, batch_size=200)
    print(f"test accuracy {run.scores['test'].accuracy:.2%}; the report is {digits.write_report(run.folder)}")
