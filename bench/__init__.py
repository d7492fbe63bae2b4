"""The benchmark behind `make bench`: what is measured and how stands in docs/benchmarks.md. No part of the product."""
