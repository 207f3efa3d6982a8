"""The windowed program: Qt only, no torch."""
