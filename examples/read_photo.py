"""Read the digits in a picture, point out the doubtful ones, and draw what was read.

python examples/read_photo.py note.jpg
"""

import sys

import digits
from digits.inference import explain

reading = digits.read(sys.argv[1])
print(reading.text)

for digit in reading:
    if not digit.accepted:
        print(f"rejected at {digit.box}: not a digit")
    elif digit.doubts:
        others = "".join(f", {value} with {probability:.0%}" for value, probability in digit.alternatives)
        print(f"doubtful at {digit.box}: {digit.value} with {digit.confidence:.0%}{others} ({'; '.join(digit.doubts)})")

reading.save("boxes.png")  # the picture with a box around each digit
explain(reading, "explained.png")  # every step, from the picture to the answer
