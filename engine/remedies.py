"""What to do, in the words of the command line, where a window has to say it in its own."""

USE_CPU = "use --device cpu"
USE_OTHER_DEVICE = "use auto, cpu, cuda or cuda:N"
USE_OTHER_PRECISION = "use --precision fp32 or bf16 on a CPU"
