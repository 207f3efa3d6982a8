# `make demo` and `make test` need nothing but make and the network; both can be run again and again.
.PHONY: demo test lint studio clean

PYTEST_ARGS ?=

demo:
	@scripts/bootstrap.sh run
	@.venv/bin/python scripts/demo.py --out demo-out

test:
	@scripts/bootstrap.sh test
	@QT_QPA_PLATFORM=offscreen .venv/bin/python -m pytest -m "not gpu" $(PYTEST_ARGS)

lint:
	@scripts/bootstrap.sh test
	@.venv/bin/python -m pytest tests/packaging/test_rules.py -q

studio:
	@scripts/bootstrap.sh run
	@.venv/bin/seamseg-studio

clean:
	rm -rf build dist demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
