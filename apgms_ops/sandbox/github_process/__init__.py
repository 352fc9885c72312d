"""A stand-in of GitHub's REST interface over a real bare repository, one process; started by the component `github`.

It answers what the checks and the release commands ask, in GitHub's own shapes, and refuses all else as GitHub does.
Git data is what git says, and so is what becomes of a pull request; who opened and reviewed it are records. So are
runs, jobs and artifacts, which take their course by the clock. Nothing of the package beyond this folder may be
imported.
"""
