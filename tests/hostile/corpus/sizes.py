"""How much an image may weigh, and the numbers that parsers trip over."""

LARGEST = 10 * 2**20 - 64 * 1024  # what still is under the default limit when a little is added
SIZES = (0, 1, 2, 255, 256, 4000, 16383, 16384, 30000, 65535, 2**24 - 1, 2**31 - 1, 2**32 - 1)
