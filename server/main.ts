/** The language server: wires the connection to the sessions. It computes nothing and never blocks. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createConnection,
  DidChangeConfigurationNotification,
  CodeActionKind,
  DocumentDiagnosticReportKind,
  ProposedFeatures,
  ResponseError,
  ErrorCodes,
  LSPErrorCodes,
  MessageType,
  ProgressType,
  ShowMessageNotification,
  TextDocuments,
  TextDocumentSyncKind,
  type CancellationToken,
  type CodeLens,
  type Diagnostic,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import manifest from "../package.json" with { type: "json" };
import { base64Doubles } from "./analysis/floats.ts";
import { metricColumn } from "./analysis/metric-column.ts";
import { headColumn, portionList } from "./analysis/portion-list.ts";
import { snippetOf } from "./analysis/snippet.ts";
import { matrixSpectra } from "./analysis/spectra.ts";
import { inSlices } from "./collections/sliced.ts";
import { vectorProfile } from "./checkpoint/entries.ts";
import { checkpointsIn } from "./checkpoint/find.ts";
import { codeActions } from "./language/code-actions.ts";
import { codeLenses, resolveLens, type LensData } from "./language/code-lenses.ts";
import { definitionAt } from "./language/definition.ts";
import { diagnosticOf } from "./language/diagnostics.ts";
import { exportResults } from "./language/export-results.ts";
import { outlineFolds } from "./language/folding.ts";
import { matrixHover } from "./language/hover.ts";
import { inlayHints } from "./language/inlay-hints.ts";
import {
  checkpointPath,
  fileUri,
  isOutline,
  outlineRange,
  outlineUri,
  rangesOfKeys,
  tensorAt,
} from "./language/places.ts";
import { ProgressReports } from "./language/progress.ts";
import { placeOf, publishing, type OpenTexts } from "./language/published-diagnostics.ts";
import { Publisher } from "./language/publisher.ts";
import { Refresh } from "./language/refresh.ts";
import type { Session } from "./language/session.ts";
import { Sessions } from "./language/sessions.ts";
import { defaultSettings, settingsOf, settingsSection } from "./language/settings.ts";
import { headSummary } from "./language/summary.ts";
import { outlineSymbols, workspaceSymbols } from "./language/symbols.ts";
import { packing } from "./packing/catalogue.ts";
import * as protocol from "./protocol.ts";
import { loadTexts, t } from "./text/l10n.ts";

/** Results reach the views and Problems at most so often. */
const reportInterval = 150;

const connection = createConnection(ProposedFeatures.all);
const documents = new TextDocuments(TextDocument);
const progress = new ProgressReports(connection, (session) => {
  sessions?.cancel(session);
});
let sessions: Sessions | null = null;
let refresh: Refresh | null = null;
/** Results that the next report carries, by session. */
const unreported = new Map<Session, protocol.MatrixResult[]>();
let reportTimer: NodeJS.Timeout | null = null;
/** By the paths of checkpoints: what was pushed of one that was closed is cleared when it is open again. */
const publishers = new Map<string, Publisher>();

connection.onInitialize((parameters) => {
  const options = parameters.initializationOptions as protocol.InitializationOptions;
  loadTexts(options.spoken ?? { language: "en" });
  sessions = new Sessions({
    workerPath: fileURLToPath(new URL("./worker.mjs", import.meta.url)),
    cacheFolder: options.cacheFolder,
    settings: defaultSettings,
    events: {
      onResults: (session, results) => {
        const before = unreported.get(session);
        if (before === undefined) unreported.set(session, [...results]);
        else for (const result of results) before.push(result);
        reportTimer ??= setTimeout(report, reportInterval);
      },
      onPlaces: publish,
      onEngine: (status) => void connection.sendNotification(protocol.engineChanged, status),
      onReload: (session, reason) => {
        // What came of the old files is not that of the new ones.
        unreported.delete(session);
        if (reason !== null) connection.console.info(reason);
        const changed: protocol.ChangedParams = { checkpoint: fileUri(session.path), reason };
        void connection.sendNotification(protocol.checkpointChanged, changed);
        publish(session);
      },
      onNotice: (message) => {
        void connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Warning, message });
      },
      log: (message) => {
        connection.console.info(message);
      },
    },
  });
  refresh = new Refresh(parameters.capabilities, (method) => connection.sendRequest(method));
  return {
    serverInfo: { name: manifest.displayName, version: manifest.version },
    capabilities: {
      textDocumentSync: TextDocumentSyncKind.Incremental,
      hoverProvider: true,
      diagnosticProvider: { identifier: "spectrum", interFileDependencies: true, workspaceDiagnostics: false },
      documentSymbolProvider: { label: manifest.displayName },
      workspaceSymbolProvider: true,
      codeLensProvider: { resolveProvider: true },
      inlayHintProvider: true,
      codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
      definitionProvider: true,
      foldingRangeProvider: true,
    },
  };
});

connection.onInitialized(() => {
  void connection.client.register(DidChangeConfigurationNotification.type, { section: settingsSection });
  void configure();
});

connection.onDidChangeConfiguration(() => {
  void configure();
});

connection.onShutdown(async () => {
  await sessions?.close();
});

documents.onDidOpen(({ document }) => {
  const path = checkpointPath(document.uri);
  if (path !== null) {
    void ready()
      .acquire(path, document.uri)
      .then((session) => {
        publish(session);
        void connection.languages.diagnostics.refresh();
      });
  }
});

documents.onDidClose(({ document }) => {
  void sessionOf(document.uri).then((session) => {
    if (session !== null) {
      ready().release(session, document.uri);
      publish(session);
      void connection.languages.diagnostics.refresh();
    }
  });
});

connection.onRequest(protocol.openCheckpoint, async ({ uri }: protocol.OpenParams): Promise<protocol.OpenResult> => {
  const session = await ready().acquire(pathOf(uri), "view");
  publish(session);
  return {
    checkpoint: fileUri(session.path),
    catalogue: await inSlices(packing(session.analysis.catalogue)),
    results: session.analysis.results,
    state: session.analysis.state,
    engine: ready().engine,
  };
});

connection.onNotification(protocol.closeCheckpoint, ({ checkpoint }: protocol.CheckpointParams) => {
  void sessionOf(checkpoint).then((session) => {
    if (session !== null) {
      ready().release(session, "view");
    }
  });
});

connection.onNotification(protocol.focusMatrices, ({ checkpoint, ids }: protocol.FocusParams) => {
  void sessionOf(checkpoint).then((session) => {
    if (session !== null) {
      ready().focus(session, ids);
    }
  });
});

connection.onRequest(protocol.analyseCheckpoint, async (parameters: protocol.AnalyseParams): Promise<null> => {
  ready().analyse(await openSession(parameters.checkpoint), parameters.ids ?? null, parameters.again ?? false);
  return null;
});

connection.onRequest(
  protocol.analyseHeads,
  async ({ checkpoint, tensors }: protocol.AnalyseHeadsParams): Promise<number> => {
    const session = await openSession(checkpoint);
    return orRefuse(() => ready().analyseHeads(session, tensors ?? null));
  },
);

connection.onRequest(
  protocol.analyseVectors,
  async ({ checkpoint, ids }: protocol.AnalyseVectorsParams): Promise<number> => {
    const session = await openSession(checkpoint);
    return orRefuse(() => ready().analyseVectors(session, ids));
  },
);

connection.onRequest(
  protocol.portionList,
  async ({ checkpoint }: protocol.CheckpointParams): Promise<protocol.PortionList> =>
    portionList((await openSession(checkpoint)).analysis, (matrices) => ready().seconds(matrices)),
);

connection.onRequest(
  protocol.headColumn,
  async ({ checkpoint, metric }: protocol.MetricColumnParams): Promise<protocol.MetricColumn> =>
    headColumn((await openSession(checkpoint)).analysis, metric),
);

connection.onRequest(
  protocol.tensorEntries,
  async ({ checkpoint, tensor, ...grid }: protocol.EntriesParams): Promise<protocol.Entries> => {
    const { analysis } = await openSession(checkpoint);
    requireTensor(analysis, tensor);
    const { values, exact } = await analysis.entries(tensor, grid);
    return { values: base64Doubles(values), exact };
  },
);

connection.onRequest(
  protocol.vectorEntries,
  async ({ checkpoint, tensor, runs }: protocol.VectorParams): Promise<protocol.VectorProfile> => {
    const { path, tensor: vector } = requireTensor((await openSession(checkpoint)).analysis, tensor);
    return vectorProfile(path, vector, runs);
  },
);

connection.onRequest(protocol.cancelAnalysis, async ({ checkpoint }: protocol.CheckpointParams): Promise<null> => {
  ready().cancel(await openSession(checkpoint));
  return null;
});

connection.onRequest(protocol.pauseAnalysis, async ({ checkpoint }: protocol.CheckpointParams): Promise<null> => {
  ready().pause(await openSession(checkpoint));
  return null;
});

connection.onRequest(protocol.resumeAnalysis, async ({ checkpoint }: protocol.CheckpointParams): Promise<null> => {
  ready().resume(await openSession(checkpoint));
  return null;
});

connection.onRequest(
  protocol.estimateAnalysis,
  async ({ checkpoint, ids, vectors }: protocol.EstimateParams): Promise<protocol.Estimate> =>
    ready().estimate(await openSession(checkpoint), ids ?? null, vectors ?? false),
);

connection.onRequest(
  protocol.matrixDetail,
  async ({ checkpoint, id }: protocol.MatrixParams): Promise<protocol.MatrixDetail | null> =>
    (await openSession(checkpoint)).analysis.detail(id),
);

connection.onRequest(
  protocol.metricColumn,
  async ({ checkpoint, metric }: protocol.MetricColumnParams): Promise<protocol.MetricColumn> =>
    metricColumn((await openSession(checkpoint)).analysis, metric),
);

connection.onRequest(
  protocol.drawSpectrum,
  async (
    { checkpoint, id, seed }: protocol.DrawParams,
    token: CancellationToken,
  ): Promise<protocol.DrawnSpectrum | null> => {
    const session = await openSession(checkpoint);
    return ready().draw(session, id, seed ?? 1, signalOf(token));
  },
);

connection.onRequest(
  protocol.matrixSpectra,
  async ({ checkpoint, ids, points }: protocol.SpectraParams): Promise<protocol.MatrixSpectrum[]> =>
    matrixSpectra((await openSession(checkpoint)).analysis, ids, points),
);

connection.onRequest(
  protocol.measureProducts,
  async (
    { checkpoint, progress, ...which }: protocol.ProductsParams,
    token: CancellationToken,
  ): Promise<protocol.ProductResult[]> =>
    ready().products(await openSession(checkpoint), which, {
      signal: signalOf(token),
      onProgress: (value) => {
        if (progress !== undefined)
          void connection.sendProgress(new ProgressType<protocol.Progress>(), progress, value);
      },
    }),
);

connection.onRequest(
  protocol.exportCheckpoint,
  async ({ checkpoint, path, format }: protocol.ExportParams, token: CancellationToken): Promise<null> => {
    const { analysis, path: from } = await openSession(checkpoint);
    const abort = new AbortController();
    token.onCancellationRequested(() => {
      abort.abort(new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled"));
    });
    const { engine, settings } = ready();
    await exportResults(analysis, engine, settings, { path, format, folder: dirname(from) }, abort.signal);
    return null;
  },
);

connection.onRequest(protocol.pythonProgram, async ({ checkpoint, ids }: protocol.PythonParams): Promise<string> => {
  const { analysis } = await openSession(checkpoint);
  return orRefuse(() => snippetOf(analysis, ids));
});

connection.onRequest(protocol.outlineText, async ({ checkpoint }: protocol.CheckpointParams): Promise<string> => {
  // A document that VS Code restores is read before it is opened.
  const session = await ready().acquire(pathOf(checkpoint), "outline text");
  ready().release(session, "outline text");
  return session.outline.text;
});

connection.onRequest(
  protocol.outlineLine,
  async ({ checkpoint, tensor }: protocol.OutlineLineParams): Promise<number | null> =>
    (await openSession(checkpoint)).outline.places.get(tensor)?.line ?? null,
);

connection.onRequest(
  protocol.outlineTensor,
  async ({ checkpoint, line }: protocol.OutlineTensorParams): Promise<string | null> =>
    (await openSession(checkpoint)).outline.tensors[line]?.name ?? null,
);

connection.onRequest(
  protocol.tensorAtPosition,
  async ({ uri, line, character }: protocol.TensorAtParams): Promise<string | null> => {
    const place = await sessionAndDocument(uri);
    return place === null ? null : (tensorAt(place.session, place.document, { line, character })?.tensor.name ?? null);
  },
);

connection.onRequest(
  protocol.findCheckpoints,
  async ({ folders }: protocol.FindParams): Promise<protocol.FoundCheckpoints> => {
    const skipped: string[] = [];
    const found = await Promise.all(folders.map((uri) => checkpointsIn(pathOf(uri), (why) => skipped.push(why))));
    // Folders of a workspace may lie in one another.
    return { checkpoints: [...new Set(found.flat())].map(fileUri), skipped };
  },
);

connection.onRequest(
  protocol.scanCheckpoint,
  async ({ uri }: protocol.OpenParams): Promise<protocol.ScannedCheckpoint> => {
    const session = await ready().scan(pathOf(uri));
    publish(session);
    return { checkpoint: fileUri(session.path), missing: await ready().estimate(session, null, false) };
  },
);

connection.onNotification(protocol.endScan, ({ checkpoint }: protocol.CheckpointParams) => {
  void sessionOf(checkpoint).then((session) => {
    if (session !== null) {
      ready().endScan(session);
    }
  });
});

connection.onRequest(protocol.listAdapters, (): Promise<protocol.Adapters> => ready().adapters());

connection.onRequest(protocol.clearCache, async (): Promise<number> => ready().clearCache());

connection.languages.diagnostics.on(async ({ textDocument }) => {
  const session = await sessionOf(textDocument.uri);
  const document = documents.get(textDocument.uri);
  return {
    kind: DocumentDiagnosticReportKind.Full,
    items: session === null || document === undefined ? [] : documentDiagnostics(session, document),
  };
});

connection.onHover(async ({ textDocument, position }) => {
  const place = await sessionAndDocument(textDocument.uri);
  const found = place === null ? null : tensorAt(place.session, place.document, position);
  if (place === null || found === null) {
    return null;
  }
  const { session } = place;
  const { tensor, range } = found;
  const id = tensor.matrices > 1 ? `${tensor.name}[0]` : tensor.name;
  ready().focus(session, [id]);
  const detail = await session.analysis.detail(id);
  const known = {
    waiting: waitingText(session),
    heads: headSummary(session.analysis, tensor),
    checkpoint: fileUri(session.path),
  };
  return { contents: { kind: "markdown", value: matrixHover(tensor, detail, known) }, range };
});

connection.onDocumentSymbol(async ({ textDocument }) => {
  const session = await sessionOfOutline(textDocument.uri);
  return session === null ? null : outlineSymbols(session.outline);
});

connection.onWorkspaceSymbol(({ query }) => workspaceSymbols(ready().all, query));

connection.onCodeLens(async ({ textDocument }) => {
  const place = await sessionAndDocument(textDocument.uri);
  return place === null ? null : codeLenses(place.session, place.document);
});

connection.onCodeLensResolve(async (lens): Promise<CodeLens> => {
  const data = lens.data as LensData;
  const session = await sessionOf(data.checkpoint);
  return session === null ? lens : resolveLens(session, lens, data);
});

connection.languages.inlayHint.on(async ({ textDocument, range }) => {
  const place = await sessionAndDocument(textDocument.uri);
  return place === null ? null : inlayHints(place.session, place.document, range);
});

connection.onCodeAction(async ({ textDocument, context }) => {
  const session = await sessionOf(textDocument.uri);
  if (session === null) return null;
  const { analysis, outline } = session;
  return codeActions(context.diagnostics, fileUri(session.path), (tensor) =>
    analysis.matricesOf(tensor).length > 0 ? "matrix" : outline.places.has(tensor) ? "other" : "absent",
  );
});

connection.onDefinition(async ({ textDocument, position }) => {
  const place = await sessionAndDocument(textDocument.uri);
  return place === null ? null : definitionAt(place.session, place.document, position);
});

connection.onFoldingRanges(async ({ textDocument }) => {
  const session = await sessionOfOutline(textDocument.uri);
  return session === null ? null : outlineFolds(session.outline);
});

documents.listen(connection);
connection.listen();

function ready(): Sessions {
  if (sessions === null) {
    throw new ResponseError(ErrorCodes.ServerNotInitialized, "the server is not initialised");
  }
  return sessions;
}

/** A tensor of a checkpoint, and the file that holds it. */
function requireTensor(analysis: Session["analysis"], name: string): ReturnType<Session["analysis"]["tensor"]> {
  try {
    return analysis.tensor(name);
  } catch (error) {
    throw new ResponseError(ErrorCodes.InvalidParams, error instanceof Error ? error.message : String(error));
  }
}

/** What cannot be done is told in the sentence that says why. */
function orRefuse<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new ResponseError(ErrorCodes.InvalidParams, error instanceof Error ? error.message : String(error));
  }
}

function pathOf(uri: string): string {
  const path = checkpointPath(uri);
  if (path === null) {
    throw new ResponseError(ErrorCodes.InvalidParams, t("{0} is not a file on this machine", uri));
  }
  return path;
}

/** Aborted when the client cancels its request. */
function signalOf(token: CancellationToken): AbortSignal {
  const abort = new AbortController();
  token.onCancellationRequested(() => {
    abort.abort(new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled"));
  });
  return abort.signal;
}

async function sessionOf(uri: string): Promise<Session | null> {
  const path = checkpointPath(uri);
  return path === null ? null : ready().find(path);
}

async function openSession(uri: string): Promise<Session> {
  const session = await sessionOf(uri);
  if (session === null) {
    throw new ResponseError(ErrorCodes.InvalidParams, t("{0} is not open", uri));
  }
  return session;
}

/** An open document and the checkpoint it speaks of; null where either is not open. */
async function sessionAndDocument(
  uri: string,
): Promise<{ readonly session: Session; readonly document: TextDocument } | null> {
  const session = await sessionOf(uri);
  const document = documents.get(uri);
  return session === null || document === undefined ? null : { session, document };
}

/** The session of an outline; null for an index, whose own language has folds and symbols of its own. */
async function sessionOfOutline(uri: string): Promise<Session | null> {
  return isOutline({ uri }) ? sessionOf(uri) : null;
}

async function configure(): Promise<void> {
  const value: unknown = await connection.workspace.getConfiguration(settingsSection);
  ready().configure(settingsOf(value));
  for (const session of ready().all) {
    publish(session);
  }
  void connection.languages.diagnostics.refresh();
}

/** Tells the views, Problems and the progress what came since the last report. */
function report(): void {
  reportTimer = null;
  for (const [session, results] of unreported) {
    const { state } = session.analysis;
    const checkpoint = fileUri(session.path);
    void connection.sendNotification(protocol.resultsChanged, { checkpoint, results, state });
    progress.show(session, state);
    publish(session);
  }
  unreported.clear();
  refresh?.request();
}

/** Pushes a checkpoint's findings onto its files soon, and clears them where there are none any more. */
function publish(session: Session): void {
  const publisher = publishers.get(session.path) ?? new Publisher(push);
  publishers.set(session.path, publisher);
  publisher.request(() => publishing(session, ready().settings, openTexts(session)));
}

/** A function of its own: one within {@link publish} would keep the session for as long as its publisher lives. */
function push(uri: string, diagnostics: Diagnostic[]): void {
  void connection.sendDiagnostics({ uri, diagnostics });
}

function openTexts(session: Session): OpenTexts {
  return {
    outline: documents.get(outlineUri(session.path)) !== undefined,
    index: documents.get(fileUri(session.path)) !== undefined,
  };
}

/** The findings that a text document shows: on its outline lines, or on its index keys. */
function documentDiagnostics(session: Session, document: TextDocument): Diagnostic[] {
  const checkpoint = fileUri(session.path);
  const kind = isOutline(document) ? "outline" : "index";
  const keys = kind === "outline" ? null : rangesOfKeys(document);
  const rangeOf = (tensor: string | null): ReturnType<typeof outlineRange> =>
    tensor === null ? null : keys === null ? outlineRange(session.outline, tensor) : (keys.get(tensor) ?? null);
  const texts = openTexts(session);
  return session.analysis
    .findings(ready().settings)
    .filter((finding) => placeOf(session, finding, texts) === kind)
    .map((finding) => {
      const range = rangeOf(finding.tensor);
      return diagnosticOf(finding, checkpoint, { ...(range === null ? {} : { range }), related: [] });
    });
}

function waitingText(session: Session): string {
  const { phase, done, total } = session.analysis.state;
  switch (phase) {
    case "running":
      return t("Being analysed: {0} of {1} matrices are done.", done, total);
    case "unavailable":
      return [ready().engine.message ?? t("No GPU can be used."), ready().engine.remedy ?? ""].join(" ").trimEnd();
    case "paused":
      return t("Not analysed yet: the analysis is paused.");
    case "cancelled":
      return t("Not analysed: the analysis was cancelled.");
    case "waiting":
    case "done":
      return t("Not analysed yet.");
  }
}
