# `make demo` and `make test` need nothing but make and the network; both can be run again and again.
.PHONY: demo test torture audit lint docs dist studio screenshots look guide-pictures translations clean

PYTEST_ARGS ?=
TORTURE_ARGS ?=

demo:
	@scripts/bootstrap.sh run
	@.venv/bin/python scripts/demo.py --out demo-out

test:
	@scripts/bootstrap.sh test
	@QT_QPA_PLATFORM=offscreen .venv/bin/python -m pytest -m "not gpu" $(PYTEST_ARGS)

# Hours of fuzzing, faults, kills and use; TORTURE_ARGS="--minutes 1 --soak-minutes 5 --kills 10" for a taste of it.
torture:
	@scripts/bootstrap.sh test
	@.venv/bin/python -m pip install --quiet "atheris>=3,<4" || echo "torture: no atheris here; fuzzing goes on without a guide"
	@QT_QPA_PLATFORM=offscreen .venv/bin/python -m tests.torture.run $(TORTURE_ARGS)

# A list of all that is installed (CycloneDX), then the known faults of the libraries that are pinned. For these a
# server is asked; a library that it could not be asked about is a failure, never a silence.
audit:
	@scripts/bootstrap.sh test
	@.venv/bin/python -m pip install --quiet "cyclonedx-bom>=7,<8" "pip-audit>=2.7,<3"
	@mkdir -p build
	@.venv/bin/python -m cyclonedx_py environment --of JSON -o build/sbom.json .venv/bin/python
	@echo "audit: build/sbom.json lists what is installed; asking for known faults"
	@.venv/bin/python -m pip_audit --strict --progress-spinner off --disable-pip --no-deps -r scripts/pinned.txt

lint:
	@scripts/bootstrap.sh test
	@.venv/bin/python -m pytest tests/packaging/test_rules.py -q

# The documentation, in build/site/index.html. Links to pages, headings and pictures that do not exist are errors.
docs:
	@scripts/bootstrap.sh docs
	@.venv/bin/python scripts/architecture.py
	@.venv/bin/python scripts/actions_table.py
	@NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --quiet
	@echo "docs: build/site/index.html"

# What is given to people, in dist/: wheel, source distribution, and a folder that starts without Python.
dist:
	@scripts/bootstrap.sh dist
	@.venv/bin/python scripts/dist.py

studio:
	@scripts/bootstrap.sh run
	@.venv/bin/seamseg-studio

# The texts of the window: new ones into the files for Qt Linguist, and what translators wrote into the program.
translations:
	@scripts/bootstrap.sh run
	@.venv/bin/python scripts/translations.py

# The pictures of the documents and the README's film, from the sample photos labelled by the starter; then every screen
# in three sizes, two themes and three languages, in build/screenshots, to be looked at.
screenshots: guide-pictures look

look:
	@scripts/bootstrap.sh run
	@QT_QPA_PLATFORM=offscreen .venv/bin/python scripts/screenshots.py --look

guide-pictures:
	@scripts/bootstrap.sh run
	@QT_QPA_PLATFORM=offscreen .venv/bin/python scripts/screenshots.py
	@.venv/bin/python scripts/demo.py --no-window --out build/pictures
	@QT_QPA_PLATFORM=offscreen .venv/bin/python scripts/tool_pictures.py --project build/pictures/samples.seamseg
	@QT_QPA_PLATFORM=offscreen .venv/bin/python scripts/film.py --project build/pictures/samples.seamseg
	@.venv/bin/python scripts/starter_pictures.py
	@cp build/pictures/overlay/000000303818.jpg docs/images/overlay-bend.jpg

clean:
	rm -rf build dist demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
