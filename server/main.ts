/** The language server: wires the connection to the sessions. It computes nothing and never blocks. */
import { fileURLToPath } from "node:url";
import {
  createConnection,
  DidChangeConfigurationNotification,
  DocumentDiagnosticReportKind,
  ProposedFeatures,
  ResponseError,
  ErrorCodes,
  TextDocuments,
  TextDocumentSyncKind,
  type Diagnostic,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import manifest from "../package.json" with { type: "json" };
import { diagnosticOf } from "./language/diagnostics.ts";
import { matrixHover } from "./language/hover.ts";
import { checkpointPath, fileUri, outlineRange, rangesOfKeys } from "./language/places.ts";
import { ProgressReports } from "./language/progress.ts";
import { publishedDiagnostics } from "./language/published-diagnostics.ts";
import type { Session } from "./language/session.ts";
import { Sessions } from "./language/sessions.ts";
import { defaultSettings, settingsOf, settingsSection } from "./language/settings.ts";
import * as protocol from "./protocol.ts";

/** Results reach the views and Problems at most so often. */
const reportInterval = 150;

const connection = createConnection(ProposedFeatures.all);
const documents = new TextDocuments(TextDocument);
const progress = new ProgressReports(connection, (session) => {
  sessions?.cancel(session);
});
let sessions: Sessions | null = null;
/** Results that the next report carries, by session. */
const unreported = new Map<Session, protocol.MatrixResult[]>();
let reportTimer: NodeJS.Timeout | null = null;
/** The URIs that a checkpoint's diagnostics stand on, to clear them when they move. */
const publishedUris = new Map<string, ReadonlySet<string>>();

connection.onInitialize((parameters) => {
  const options = parameters.initializationOptions as protocol.InitializationOptions;
  sessions = new Sessions({
    workerPath: fileURLToPath(new URL("./worker.mjs", import.meta.url)),
    cacheFolder: options.cacheFolder,
    settings: defaultSettings,
    events: {
      onResults: (session, results) => {
        unreported.set(session, [...(unreported.get(session) ?? []), ...results]);
        reportTimer ??= setTimeout(report, reportInterval);
      },
      onEngine: (status) => void connection.sendNotification(protocol.engineChanged, status),
      onReload: (session) => {
        void connection.sendNotification(protocol.checkpointChanged, { checkpoint: fileUri(session.path) });
        publish(session);
      },
      log: (message) => {
        connection.console.info(message);
      },
    },
  });
  return {
    serverInfo: { name: manifest.displayName, version: manifest.version },
    capabilities: {
      textDocumentSync: TextDocumentSyncKind.Incremental,
      hoverProvider: true,
      diagnosticProvider: { identifier: "spectrum", interFileDependencies: true, workspaceDiagnostics: false },
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
    }
  });
});

connection.onRequest(protocol.openCheckpoint, async ({ uri }: protocol.OpenParams): Promise<protocol.OpenResult> => {
  const session = await ready().acquire(pathOf(uri), "view");
  publish(session);
  return {
    checkpoint: fileUri(session.path),
    catalogue: session.analysis.catalogue,
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

connection.onRequest(protocol.cancelAnalysis, async ({ checkpoint }: protocol.CheckpointParams): Promise<null> => {
  ready().cancel(await openSession(checkpoint));
  return null;
});

connection.onRequest(
  protocol.matrixDetail,
  async ({ checkpoint, id }: protocol.MatrixParams): Promise<protocol.MatrixDetail | null> =>
    (await openSession(checkpoint)).analysis.detail(id),
);

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
  const session = await sessionOf(textDocument.uri);
  const document = documents.get(textDocument.uri);
  if (session === null || document === undefined) {
    return null;
  }
  const name = isOutline(document)
    ? (session.outline.tensors[position.line]?.name ?? null)
    : ([...rangesOfKeys(document)].find(
        ([, { start, end }]) =>
          start.line === position.line && start.character <= position.character && position.character <= end.character,
      )?.[0] ?? null);
  const tensor = session.analysis.catalogue.tensors.find((each) => each.name === name);
  if (tensor === undefined) {
    return null;
  }
  const id = tensor.matrices > 1 ? `${tensor.name}[0]` : tensor.name;
  ready().focus(session, [id]);
  const detail = await session.analysis.detail(id);
  const value = matrixHover(tensor, detail, waitingText(session));
  const range = isOutline(document)
    ? outlineRange(session.outline, tensor.name)
    : rangesOfKeys(document).get(tensor.name);
  return { contents: { kind: "markdown", value }, ...(range === null || range === undefined ? {} : { range }) };
});

documents.listen(connection);
connection.listen();

function ready(): Sessions {
  if (sessions === null) {
    throw new ResponseError(ErrorCodes.ServerNotInitialized, "the server is not initialised");
  }
  return sessions;
}

function pathOf(uri: string): string {
  const path = checkpointPath(uri);
  if (path === null) {
    throw new ResponseError(ErrorCodes.InvalidParams, `${uri} is not a file on this machine`);
  }
  return path;
}

async function sessionOf(uri: string): Promise<Session | null> {
  const path = checkpointPath(uri);
  return path === null ? null : ready().find(path);
}

async function openSession(uri: string): Promise<Session> {
  const session = await sessionOf(uri);
  if (session === null) {
    throw new ResponseError(ErrorCodes.InvalidParams, `${uri} is not open`);
  }
  return session;
}

function isOutline(document: TextDocument): boolean {
  return document.uri.startsWith(`${protocol.outlineScheme}:`);
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
  void connection.languages.diagnostics.refresh();
}

/** Pushes a checkpoint's findings onto its files, and clears them where there are none any more. */
function publish(session: Session): void {
  const texts = new Set(documents.all().map(({ uri }) => (uri.startsWith("file:") ? checkpointPath(uri) : null)));
  const byUri = publishedDiagnostics(session, ready().settings, (path) => texts.has(path));
  for (const uri of publishedUris.get(session.path) ?? []) {
    if (!byUri.has(uri)) {
      void connection.sendDiagnostics({ uri, diagnostics: [] });
    }
  }
  for (const [uri, diagnostics] of byUri) {
    void connection.sendDiagnostics({ uri, diagnostics });
  }
  publishedUris.set(session.path, new Set(byUri.keys()));
}

/** The findings of a text document that speaks of tensors: on its outline lines, or on its index keys. */
function documentDiagnostics(session: Session, document: TextDocument): Diagnostic[] {
  const checkpoint = fileUri(session.path);
  const keys = isOutline(document) ? null : rangesOfKeys(document);
  const rangeOf = (tensor: string | null): ReturnType<typeof outlineRange> =>
    tensor === null ? null : keys === null ? outlineRange(session.outline, tensor) : (keys.get(tensor) ?? null);
  return session.analysis.findings(ready().settings).map((problem) => {
    const range = rangeOf(problem.tensor);
    return diagnosticOf(problem, checkpoint, { ...(range === null ? {} : { range }), related: [] });
  });
}

function waitingText(session: Session): string {
  const { phase, done, total } = session.analysis.state;
  switch (phase) {
    case "running":
      return `Being analysed: ${done} of ${total} matrices are done.`;
    case "unavailable":
      return [ready().engine.message ?? "No GPU can be used.", ready().engine.remedy ?? ""].join(" ").trimEnd();
    case "cancelled":
      return "Not analysed: the analysis was cancelled.";
    case "waiting":
    case "done":
      return "Not analysed yet.";
  }
}
